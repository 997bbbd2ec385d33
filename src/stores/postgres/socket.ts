/** Opens the byte stream to the server: TCP to the first host that answers, or a unix socket. */

import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Deadline } from "../../core/deadline.ts";

/** Where a connection string points, as the driver parsed it. */
export interface SocketTarget {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}

/** A connected socket. Tries each host in turn; throws the last failure. */
export async function openSocket(target: SocketTarget, deadline: Deadline): Promise<Socket> {
  if (target.path) return connected({ path: target.path }, deadline);
  let failure: unknown = new Error("no host to connect to");
  for (const [index, host] of target.host.entries()) {
    try {
      const socket = await connected({ host, port: target.port[index] ?? 5432, noDelay: true }, deadline);
      // The driver reads the name to check a TLS certificate against from here.
      return Object.assign(socket, { host });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
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
