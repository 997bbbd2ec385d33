/** A way to a server that a test opens and closes, as if the server came and went. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** `url` with another port on the loopback interface. */
export function throughPort(url: string, port: number): string {
  const moved = new URL(url);
  moved.hostname = "127.0.0.1";
  moved.port = String(port);
  return moved.href;
}

/** Lets connections to `port` through to the server of `url`; disposing breaks them and refuses new ones. */
export async function openGate(port: number, url: string): Promise<Disposable> {
  const { hostname, port: target } = new URL(url);
  const sockets = new Set<Socket>();
  const gate = createServer((client) => {
    const server = connect(Number(target), hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        server.destroy();
        sockets.delete(socket);
      });
    }
    client.pipe(server).pipe(client);
  });
  gate.listen(port, "127.0.0.1");
  await once(gate, "listening");
  return {
    [Symbol.dispose]() {
      gate.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
