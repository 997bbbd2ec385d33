/** Opens the byte stream to the server: TCP to the first host that answers, or a unix socket. */

import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Deadline } from "../../core/deadline.ts";
import { encrypt, type TlsMode } from "./tls.ts";

/** Where a connection string points, as the driver parsed it. */
export interface SocketTarget {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}

const KEEP_ALIVE_MS = 30_000;

/** A connected stream, encrypted when `tls` says so. Tries each host in turn; throws the last failure. */
export async function openSocket(
  target: SocketTarget,
  tls: TlsMode | null,
  deadline: Deadline,
): Promise<Socket> {
  if (target.path) return connected({ path: target.path }, deadline);
  let failure: unknown = new Error("no host to connect to");
  for (const [index, host] of target.host.entries()) {
    try {
      return await openTcp(host, target.port[index] ?? 5432, tls, deadline);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function openTcp(host: string, port: number, tls: TlsMode | null, deadline: Deadline): Promise<Socket> {
  const options = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const socket = await connected(options, deadline);
  if (!tls) return socket;
  try {
    return await deadline.race(encrypt(socket, host, tls));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connected(options: NetConnectOpts, deadline: Deadline): Promise<Socket> {
  const socket = connect(options);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.removeListener("error", reject);
    resolve(socket);
  });
  return deadline.race(promise, () => socket.destroy());
}
