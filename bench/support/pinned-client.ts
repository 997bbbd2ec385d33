/** Requests over one connection that stays open: all of them reach the same http worker. */

import type { Socket } from "bun";

const HEAD_END = "\r\n\r\n";
const STATUS_AT = 9;

export interface PinnedAnswer {
  readonly status: number;
  readonly body: string;
}

export class PinnedClient implements Disposable {
  readonly #port: number;
  #socket: Socket | null = null;
  #text = "";
  #waiting: ((answer: PinnedAnswer) => void) | null = null;

  private constructor(port: number) {
    this.#port = port;
  }

  static async open(port: number): Promise<PinnedClient> {
    const client = new PinnedClient(port);
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: (_socket, chunk) => client.#take(chunk.toString("latin1")) },
    });
    client.#socket.setNoDelay(true);
    return client;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<PinnedAnswer> {
    return this.#ask(`GET ${path}`, headers, "");
  }

  post(path: string, body: object): Promise<PinnedAnswer> {
    const text = JSON.stringify(body);
    return this.#ask(
      `POST ${path}`,
      { "Content-Type": "application/json", "Content-Length": String(text.length) },
      text,
    );
  }

  [Symbol.dispose](): void {
    this.#socket?.end();
  }

  #ask(target: string, headers: Readonly<Record<string, string>>, body: string): Promise<PinnedAnswer> {
    const { promise, resolve } = Promise.withResolvers<PinnedAnswer>();
    this.#waiting = resolve;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket?.write(
      `${target} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n${lines.join("")}\r\n${body}`,
    );
    return promise;
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const head = this.#text.indexOf(HEAD_END);
    if (head === -1) return;
    const from = head + HEAD_END.length;
    const length = Number(/^content-length: (\d+)/im.exec(this.#text.slice(0, head))?.[1]);
    if (this.#text.length < from + length) return;
    const answer = {
      status: Number(this.#text.slice(STATUS_AT, STATUS_AT + 3)),
      body: this.#text.slice(from, from + length),
    };
    this.#text = "";
    this.#waiting?.(answer);
  }
}
