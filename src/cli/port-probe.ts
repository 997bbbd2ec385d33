/** Tries whether this process could listen somewhere. */

import { createServer } from "node:net";
import type { Address } from "./address.ts";

/** Null when it could, else the system's code, e.g. `EADDRINUSE`. Nothing listens any more when this resolves. */
export function whyNotListen({ host, port }: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
