/** Encrypts the byte stream to the server, as the connection string asks for it. */

import { readFileSync } from "node:fs";
import { isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";

/** Null: plain text. `optional`: plain text when the server offers nothing else. */
export interface TlsMode {
  readonly optional: boolean;
  readonly options: ConnectionOptions;
}

/** Length and code of PostgreSQL's SSLRequest message. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const ACCEPTED = "S";

/**
 * Reads `sslmode`, `sslrootcert`, `sslcert` and `sslkey` as libpq does: `require` encrypts without checking the server
 * unless a root certificate is given, `verify-ca` checks its certificate, `verify-full` its name too.
 */
export function tlsModeOf(url: string): TlsMode | null {
  // Not as a URL: a list of hosts is none.
  const parameters = new URLSearchParams(url.split("?")[1]);
  const mode = parameters.get("sslmode") ?? "disable";
  if (mode === "disable" || mode === "allow") return null;
  const file = (name: string) => {
    const path = parameters.get(name);
    return path === null || path === "system" ? undefined : readFileSync(path);
  };
  const [ca, cert, key] = [file("sslrootcert"), file("sslcert"), file("sslkey")];
  const checkCertificate = mode.startsWith("verify-") || ca !== undefined;
  return {
    optional: mode === "prefer",
    options: {
      rejectUnauthorized: checkCertificate,
      ...(checkCertificate && mode !== "verify-full" ? { checkServerIdentity: () => undefined } : {}),
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
    },
  };
}

/** `url` without those parameters: the driver would send unknown ones to the server, which refuses them. */
export function withoutTls(url: string): string {
  const [address = "", query = ""] = url.split("?");
  const kept = query.split("&").filter((parameter) => !/^(ssl(mode|rootcert|cert|key)=|$)/.test(parameter));
  return kept.length > 0 ? `${address}?${kept.join("&")}` : address;
}

/** The encrypted stream over `socket`, or `socket` itself when the server has no TLS and the mode permits that. */
export async function encrypt(socket: Socket, host: string, mode: TlsMode): Promise<Socket> {
  const answer = await new Promise<string>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
    socket.once("data", (data) => resolve(data.toString("latin1", 0, 1)));
    socket.write(SSL_REQUEST);
  });
  socket.removeAllListeners();
  if (answer !== ACCEPTED) {
    if (mode.optional) return socket;
    throw new Error("the server does not offer TLS");
  }
  return new Promise((resolve, reject) => {
    const stream = connect({ ...mode.options, socket, ...(isIP(host) ? {} : { servername: host }) });
    stream.once("error", reject);
    stream.once("secureConnect", () => {
      stream.removeListener("error", reject);
      resolve(stream);
    });
  });
}
