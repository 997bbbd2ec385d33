/**
 * A TCP proxy on the loopback interface that breaks connections on purpose: in front of PostgreSQL, Kafka or whatever
 * a test wants to see suffer. Its verbs are those of toxiproxy; they may change while connections are open.
 */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Direction, HEALTHY, Link, type Toxics } from "./fault-link.ts";

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
