/**
 * A TCP proxy on the loopback interface that breaks connections on purpose: in front of PostgreSQL, Kafka or whatever
 * a test wants to see suffer. Its verbs are those of toxiproxy; they may change while connections are open.
 */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";

/** What is done to the bytes of one direction. */
export interface Toxics {
  /** Each piece arrives this much later, ± `jitterMs`; order is kept. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Nothing passes and nothing closes: a black hole. */
  readonly timeout: boolean;
  readonly bytesPerSec: number;
  /** Pieces of at most so many bytes. */
  readonly slicer: number;
  /** The connection is closed once so many bytes of it have passed. */
  readonly limitData: number;
  /** The end of one side is told to the other one this much later. */
  readonly slowCloseMs: number;
}

export const HEALTHY: Toxics = {
  latencyMs: 0,
  jitterMs: 0,
  timeout: false,
  bytesPerSec: Number.POSITIVE_INFINITY,
  slicer: Number.POSITIVE_INFINITY,
  limitData: Number.POSITIVE_INFINITY,
  slowCloseMs: 0,
};

export type Direction = "upstream" | "downstream";

export interface FaultProxyOptions {
  /** Where connections go. */
  readonly host?: string;
  readonly targetPort: number;
  /** Default: any free one. */
  readonly port?: number;
  /** Of the jitter: equal seeds delay equal pieces equally. */
  readonly seed?: number;
}

/** `url` with another port on the loopback interface. */
export function throughPort(url: string, port: number): string {
  const moved = new URL(url);
  moved.hostname = "127.0.0.1";
  moved.port = String(port);
  return moved.href;
}

export class FaultProxy implements AsyncDisposable {
  readonly #options: FaultProxyOptions;
  readonly #links = new Set<Link>();
  readonly #toxics: Record<Direction, Toxics> = { upstream: HEALTHY, downstream: HEALTHY };
  #server: Server | null = null;
  #port: number;
  #opened = 0;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await proxy.up();
    return proxy;
  }

  /** In front of the server of `url`. */
  static to(url: string, options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
    const { hostname, port } = new URL(url);
    return FaultProxy.open({ host: hostname, targetPort: Number(port), ...options });
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Of both directions, or one; what is not named is healthy. */
  set(toxics: Partial<Toxics>, direction?: Direction): void {
    for (const each of ["upstream", "downstream"] as const) {
      if (direction === undefined || direction === each) this.#toxics[each] = { ...HEALTHY, ...toxics };
    }
    for (const link of this.#links) link.wake();
  }

  heal(): void {
    this.set({});
  }

  /** Breaks every connection with a reset, now. */
  resetPeers(): void {
    for (const link of this.#links) link.reset();
  }

  /** Refuses new connections and breaks the open ones. */
  async down(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, "close");
    server.close();
    this.resetPeers();
    await closed;
  }

  /** Listens again, on the same port. */
  async up(): Promise<void> {
    if (this.#server !== null) return;
    // Half-open connections are passed on as they are.
    const server = createServer({ allowHalfOpen: true }, (client) => this.#link(client));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address) this.#port = address.port;
    this.#server = server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }

  #link(client: Socket): void {
    const { host = "127.0.0.1", targetPort, seed = 0 } = this.#options;
    const server = connect({ port: targetPort, host, allowHalfOpen: true });
    const link = new Link(client, server, this.#toxics, seed * 1_009 + this.#opened++);
    this.#links.add(link);
    void link.gone.then(() => this.#links.delete(link));
  }
}

/** One connection through the proxy: two pumps, one a direction. */
class Link {
  readonly gone: Promise<unknown>;
  readonly #client: Socket;
  readonly #server: Socket;
  #changed = Promise.withResolvers<void>();

  constructor(client: Socket, server: Socket, toxics: Readonly<Record<Direction, Toxics>>, seed: number) {
    this.#client = client;
    this.#server = server;
    const closed = [client, server].map((socket) => {
      socket.setNoDelay(true);
      socket.on("error", () => this.#destroy());
      return new Promise<void>((resolve) => socket.once("close", () => resolve()));
    });
    this.gone = Promise.all(closed);
    this.#pump(client, server, () => toxics.upstream, seed * 2);
    this.#pump(server, client, () => toxics.downstream, seed * 2 + 1);
  }

  reset(): void {
    for (const socket of [this.#client, this.#server]) socket.resetAndDestroy();
    this.wake();
  }

  /** Lets whoever waits look at the toxics again. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.wake();
  }

  /** Pieces leave one after another, each at its own time: a later one never overtakes. */
  #pump(from: Socket, to: Socket, toxics: () => Toxics, seed: number): void {
    const random = seededRandom(seed);
    let passed = 0;
    let last = Promise.resolve();
    const inOrder = (step: () => Promise<void>) => {
      last = last.then(step).catch(() => this.#destroy());
    };
    from.on("data", (piece: Buffer) => {
      from.pause();
      const { latencyMs, jitterMs } = toxics();
      const dueMs = systemClock.monotonicMs() + latencyMs + (random.next() * 2 - 1) * jitterMs;
      inOrder(async () => {
        await this.#through(toxics, from);
        await systemClock.sleep(Math.max(0, dueMs - systemClock.monotonicMs()));
        for (const slice of slicesOf(piece, toxics().slicer)) {
          const { bytesPerSec, limitData } = toxics();
          const allowed = slice.subarray(0, Math.max(0, limitData - passed));
          passed += allowed.length;
          if (allowed.length > 0 && !to.destroyed) to.write(allowed);
          if (passed >= limitData) return this.#destroy();
          await systemClock.sleep(Number.isFinite(bytesPerSec) ? (slice.length * 1000) / bytesPerSec : 0);
        }
      });
      // Reading on before the piece is gone, but for latency's sake only: one piece more than is on its way.
      if (Number.isFinite(toxics().bytesPerSec) || toxics().timeout) inOrder(async () => void from.resume());
      else from.resume();
    });
    from.once("end", () =>
      inOrder(async () => {
        await this.#through(toxics, from);
        await systemClock.sleep(toxics().slowCloseMs);
        to.end();
      }),
    );
    from.once("close", () => {
      // An end without a word, such as a reset: the other side learns of it at once, unless nothing passes.
      if (!from.readableEnded && !toxics().timeout) this.#destroy();
    });
  }

  /** Waits while nothing may pass. */
  async #through(toxics: () => Toxics, from: Socket): Promise<void> {
    while (toxics().timeout && !from.destroyed) await this.#changed.promise;
  }
}

function* slicesOf(piece: Buffer, size: number): Generator<Buffer> {
  const step = Math.min(size, piece.length);
  for (let from = 0; from < piece.length; from += step) yield piece.subarray(from, from + step);
}
