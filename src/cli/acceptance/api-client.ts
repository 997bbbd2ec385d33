/** Calls a reco server as a stranger would: every call ends by its deadline, and whatever comes back is an answer. */

import * as http from "node:http";
import * as https from "node:https";
import { Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { parseJson } from "../../core/json.ts";

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const ERROR_CODE = /^[a-z_]{1,64}$/;

export type ApiAnswer =
  | { readonly ok: true; readonly status: number; readonly body: unknown }
  /** `status` 0: no whole answer came. `problem` is short, and equal for equal failures. */
  | { readonly ok: false; readonly status: number; readonly problem: string };

export interface ApiClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  /** Of one call, its body included. */
  readonly timeoutMs: number;
}

interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: string;
}

/**
 * Follows no redirect, so that the key stays with the named server, and passes by the proxies of the environment.
 * Connections are kept and unlimited in number: a limit would make slow answers hold back later calls.
 */
export class ApiClient implements Disposable {
  readonly #options: ApiClientOptions;
  readonly #agent: http.Agent;
  readonly #keyHeader: Readonly<Record<string, string>>;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    const { Agent } = options.baseUrl.startsWith("https:") ? https : http;
    this.#agent = new Agent({ keepAlive: true });
    this.#keyHeader = options.apiKey === null ? {} : { "x-api-key": options.apiKey };
  }

  get(path: string): Promise<ApiAnswer> {
    return this.#call({ method: "GET", path, headers: this.#keyHeader });
  }

  /** Asks a public route without the key: with it, the call would count against the key's rate limit. */
  probe(path: string): Promise<ApiAnswer> {
    return this.#call({ method: "GET", path, headers: {} });
  }

  post(path: string, body: unknown): Promise<ApiAnswer> {
    const text = JSON.stringify(body);
    const headers = {
      ...this.#keyHeader,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    };
    return this.#call({ method: "POST", path, headers, body: text });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #call(call: Call): Promise<ApiAnswer> {
    const { timeoutMs } = this.#options;
    const abort = new AbortController();
    try {
      const exchange = this.#exchange(call, abort.signal);
      const { status, text } = await Deadline.after(timeoutMs).race(exchange, () => abort.abort());
      return judge(status, text);
    } catch (thrown) {
      return { ok: false, status: 0, problem: describe(thrown, timeoutMs) };
    }
  }

  #exchange(call: Call, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const { baseUrl } = this.#options;
    const { request } = baseUrl.startsWith("https:") ? https : http;
    const { method, headers } = call;
    return new Promise((resolve, reject) => {
      const sent = request(
        `${baseUrl}${call.path}`,
        { method, headers, agent: this.#agent, signal },
        (reply) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          reply.on("data", (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
            else sent.destroy(new Error("the answer is too long"));
          });
          reply.once("end", () =>
            resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
          );
          reply.once("error", reject);
        },
      );
      sent.once("error", reject);
      sent.end(call.body);
    });
  }
}

function judge(status: number, text: string): ApiAnswer {
  const parsed = parseJson(text);
  if (status < 200 || status > 299) {
    const code = parsed.ok ? (parsed.value as { error_code?: unknown } | null)?.error_code : undefined;
    const known = typeof code === "string" && ERROR_CODE.test(code) ? ` ${code}` : "";
    return { ok: false, status, problem: `HTTP ${status}${known}` };
  }
  if (!parsed.ok) return { ok: false, status, problem: `HTTP ${status}, but the body is ${parsed.error}` };
  return { ok: true, status, body: parsed.value };
}

function describe(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof DeadlineExceededError) return `no answer within ${timeoutMs / 1000} s`;
  const error: NodeJS.ErrnoException = asError(thrown);
  return error.code ?? error.message;
}
