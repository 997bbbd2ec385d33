/** The URL under which a listener of this machine is reached. */

import { isIPv6 } from "node:net";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A listener on every address is asked over the loopback. */
const REACHED_AS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

export function urlOf({ host, port }: Address, path = ""): string {
  const reached = REACHED_AS[host] ?? host;
  return `http://${isIPv6(reached) ? `[${reached}]` : reached}:${port}${path}`;
}
