/** Ports for servers that tests start, and start again. */

import { systemRandom } from "../../src/core/random.ts";

/** Below those that systems give to connections, any of which could take a port while its server is down. */
const FIRST = 10_000;
const LAST = 30_000;
const ATTEMPTS = 100;

/** Loopback ports that were free a moment ago, all different. Other test processes choose at random, too. */
export function freePorts(count: number): number[] {
  const held = Array.from({ length: count }, hold);
  const ports = held.map(({ port }) => port);
  for (const listener of held) listener.stop(true);
  return ports;
}

export const freePort = (): number => freePorts(1)[0] as number;

function hold() {
  for (let attempt = 1; ; attempt++) {
    const port = FIRST + Math.floor(systemRandom.next() * (LAST - FIRST));
    try {
      return Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
