/** The proxy that injects faults into connections does what its verbs say, and nothing else. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../src/core/clock.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault-proxy.ts";

let echo: Server;
let served: Socket[];
let proxy: FaultProxy;
beforeEach(async () => {
  served = [];
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const address = echo.address();
  proxy = await FaultProxy.open({ targetPort: typeof address === "object" && address ? address.port : 0 });
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  for (const socket of served) socket.destroy();
  echo.close();
});

interface Caller extends Disposable {
  readonly socket: Socket;
  received(): string;
  /** When each piece came, in ms since the caller connected. */
  readonly timesMs: number[];
  readonly pieces: number[];
  closed(): string | null;
}

async function call(): Promise<Caller> {
  const socket = connect(proxy.port, "127.0.0.1");
  let text = "";
  let closed: string | null = null;
  const timesMs: number[] = [];
  const pieces: number[] = [];
  socket.setNoDelay(true);
  socket.on("data", (piece) => {
    text += piece.toString();
    timesMs.push(systemClock.monotonicMs());
    pieces.push(piece.length);
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    closed = error.code ?? error.message;
  });
  socket.on("close", () => {
    closed ??= "closed";
  });
  await once(socket, "connect");
  return {
    socket,
    received: () => text,
    timesMs,
    pieces,
    closed: () => closed,
    [Symbol.dispose]: () => socket.destroy(),
  };
}

const echoed = (caller: Caller, text: string) => eventually(() => expect(caller.received()).toBe(text));

describe("a healthy proxy", () => {
  test("passes bytes both ways, large ones too, and counts its connections", async () => {
    using caller = await call();
    const long = "x".repeat(2_000_000);
    caller.socket.write(long);
    await echoed(caller, long);
    expect(proxy.connections).toBe(1);
    caller.socket.destroy();
    await eventually(() => expect(proxy.connections).toBe(0));
  });

  test("passes the end of one side on and lets the other one finish", async () => {
    using caller = await call();
    caller.socket.end("last words");
    await echoed(caller, "last words");
    await eventually(() => expect(caller.closed()).toBe("closed"));
  });
});

test("latency delays both directions and keeps the order", async () => {
  proxy.set({ latencyMs: 60, jitterMs: 50 });
  using caller = await call();
  const startMs = systemClock.monotonicMs();
  for (let index = 0; index < 20; index++) {
    caller.socket.write(`${index};`);
    await systemClock.sleep(2);
  }
  await echoed(caller, Array.from({ length: 20 }, (_, index) => `${index};`).join(""));
  expect((caller.timesMs[0] ?? 0) - startMs).toBeGreaterThanOrEqual(15);
  expect((caller.timesMs.at(-1) ?? 0) - startMs).toBeGreaterThanOrEqual(60);
});

test("latency of one direction leaves the other alone", async () => {
  using caller = await call();
  proxy.set({ latencyMs: 5_000 }, "downstream");
  caller.socket.write("there");
  await eventually(() => expect(served[0]?.bytesRead).toBe("there".length), { timeoutMs: 2_000 });
  expect(caller.received()).toBe("");
});

test("timeout swallows what is sent, keeps the connection, and lets it pass once healed", async () => {
  using caller = await call();
  caller.socket.write("before;");
  await echoed(caller, "before;");
  proxy.set({ timeout: true });
  caller.socket.write("meanwhile;");
  await systemClock.sleep(150);
  expect(caller.received()).toBe("before;");
  expect(caller.closed()).toBeNull();
  proxy.heal();
  await echoed(caller, "before;meanwhile;");
});

test("a reset breaks open connections and lets new ones through", async () => {
  using caller = await call();
  caller.socket.write("a");
  await echoed(caller, "a");
  proxy.resetPeers();
  await eventually(() => expect(caller.closed()).toBe("ECONNRESET"));
  using next = await call();
  next.socket.write("b");
  await echoed(next, "b");
});

test("down refuses connections; up listens on the same port again", async () => {
  using caller = await call();
  const { port } = proxy;
  await proxy.down();
  await eventually(() => expect(caller.closed()).not.toBeNull());
  await expect(call()).rejects.toThrow();
  await proxy.up();
  expect(proxy.port).toBe(port);
  using next = await call();
  next.socket.write("back");
  await echoed(next, "back");
});

test("the slicer cuts into pieces of at most so many bytes", async () => {
  proxy.set({ slicer: 7, latencyMs: 0, bytesPerSec: 1_000 }, "downstream");
  using caller = await call();
  caller.socket.write("y".repeat(50));
  await echoed(caller, "y".repeat(50));
  expect(Math.max(...caller.pieces)).toBeLessThanOrEqual(14);
  expect(caller.pieces.length).toBeGreaterThanOrEqual(4);
});

test("limit_data closes the connection after so many bytes", async () => {
  proxy.set({ limitData: 10 }, "downstream");
  using caller = await call();
  caller.socket.write("0123456789abcdef");
  await eventually(() => expect(caller.closed()).not.toBeNull());
  expect(caller.received()).toBe("0123456789");
});

test("bandwidth holds bytes back", async () => {
  proxy.set({ bytesPerSec: 20_000, slicer: 1_000 }, "upstream");
  using caller = await call();
  const startMs = systemClock.monotonicMs();
  caller.socket.write("z".repeat(10_000));
  await echoed(caller, "z".repeat(10_000));
  expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(400);
});

test("slow_close tells the end later", async () => {
  proxy.set({ slowCloseMs: 300 }, "upstream");
  using caller = await call();
  const startMs = systemClock.monotonicMs();
  caller.socket.end("bye");
  await echoed(caller, "bye");
  await eventually(() => expect(caller.closed()).toBe("closed"));
  expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(280);
});
