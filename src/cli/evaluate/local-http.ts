/** Talks to a server of this machine over connections that stay open, past any proxy of the environment. */

import { Agent, request } from "node:http";

export interface LocalAnswer {
  readonly status: number;
  readonly body: string;
}

export class LocalHttp implements Disposable {
  readonly #port: number;
  readonly #signal: AbortSignal;
  readonly #agent = new Agent({ keepAlive: true });

  /** Once `signal` is aborted every call rejects. */
  constructor(port: number, signal: AbortSignal) {
    this.#port = port;
    this.#signal = signal;
  }

  get(path: string): Promise<LocalAnswer> {
    return this.#call("GET", path, null);
  }

  post(path: string, body: object): Promise<LocalAnswer> {
    return this.#call("POST", path, JSON.stringify(body));
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #call(method: "GET" | "POST", path: string, body: string | null): Promise<LocalAnswer> {
    const headers = body === null ? {} : { "content-type": "application/json" };
    const options = {
      host: "127.0.0.1",
      port: this.#port,
      agent: this.#agent,
      signal: this.#signal,
      method,
      path,
      headers,
    };
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("error", reject);
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }),
        );
      });
      call.once("error", reject);
      call.end(body ?? undefined);
    });
  }
}
