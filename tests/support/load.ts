/** A steady mixed load on a tree, and the history of what was acknowledged. */

import type { Tree } from "./tree.ts";

const USERS = 40;
const ITEMS = 60;
const REQUEST_TIMEOUT_MS = 8_000;

export interface Acknowledged {
  readonly eventId: string;
  readonly kind: "watch" | "direct";
}

/** Posts watches and direct events and asks for recommendations, until stopped. A failed post is repeated with the same id. */
export class Load implements AsyncDisposable {
  readonly acknowledged: Acknowledged[] = [];
  /** How often each answer came: `<route> <status>`, for 503 with its error code; status 0 is a broken connection. */
  readonly answers = new Map<string, number>();
  readonly #tree: Tree;
  readonly #prefix: string;
  readonly #workers: Promise<void>[];
  #next = 0;
  #stopping = false;

  constructor(tree: Tree, options: { workers?: number; prefix?: string } = {}) {
    this.#tree = tree;
    this.#prefix = options.prefix ?? "load";
    this.#workers = Array.from({ length: options.workers ?? 6 }, (_, index) => this.#work(index));
  }

  /** Answers that are neither 200 nor the honest refusal of an overloaded worker. */
  troubles(route: string): string[] {
    const fine = [`${route} 200`, `${route} 503 overloaded`];
    return [...this.answers.keys()].filter((answer) => answer.startsWith(route) && !fine.includes(answer));
  }

  /** Ends the load; requests in flight are finished. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(worker: number): Promise<void> {
    while (!this.#stopping) {
      const sequence = this.#next++;
      const kind = sequence % 4 === 0 ? "direct" : "watch";
      await this.#deliver(
        { eventId: `${this.#prefix}-${String(sequence).padStart(8, "0")}`, kind },
        sequence,
      );
      if (sequence % 3 === 0) {
        const user = `user-${(sequence * 7 + worker) % USERS}`;
        await this.#request("reco", `/reco?user_id=${user}&session_id=s-1&k=10`, null);
      }
    }
  }

  async #deliver(event: Acknowledged, sequence: number): Promise<void> {
    const userId = `user-${sequence % USERS}`;
    const itemId = `item-${(sequence * 31) % ITEMS}`;
    const common = { event_id: event.eventId, user_id: userId, item_id: itemId };
    const body =
      event.kind === "direct"
        ? { ...common, event_type: "click", ts: Date.now() }
        : {
            ...common,
            session_id: "s-1",
            request_id: "load-request",
            ts_ms: Date.now(),
            watch_time_sec: 60,
            percent_watched: 90,
          };
    const path = event.kind === "direct" ? "/event" : "/log/watch";
    const status = await this.#request(event.kind, path, body);
    // Not acknowledged is "unknown": the event may be stored all the same, so nothing is claimed about it.
    if (status === 200) this.acknowledged.push(event);
  }

  async #request(route: string, path: string, body: object | null): Promise<number> {
    const { status, code } = await this.#send(path, body);
    const key = `${route} ${status}${code && ` ${code}`}`;
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
    if (status === 0) await Bun.sleep(20);
    return status;
  }

  async #send(path: string, body: object | null): Promise<{ status: number; code: string }> {
    try {
      const response = await fetch(`${this.#tree.url}${path}`, {
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body && {
          method: "POST",
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        }),
      });
      const answer = (await response.json()) as { error_code?: string };
      return { status: response.status, code: answer.error_code ?? "" };
    } catch {
      // A refused or broken connection is an outcome of its own: unknown.
      return { status: 0, code: "" };
    }
  }
}
