/**
 * Keeps what must not be shown near the store: hidden catalogue items for everybody, and those of single users.
 *
 * What others change is asked for every `POLL_MS`; the windows of these questions overlap, so that a commit that came
 * late is seen by a later one. All hidden items are read anew now and then, whatever was missed.
 */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { HiddenItems } from "./hidden-items.ts";
import type { KeyedCache } from "./keyed-cache.ts";
import type { VisibilityReader } from "./ports.ts";
import type { RecoRequest } from "./recommender.ts";
import { type ServingSettings, USERS_AHEAD, USERS_PER_LOAD, userCache } from "./serving-settings.ts";

const POLL_MS = 500;
/** Longer than a write may take. */
const WINDOW_MS = 15_000;
const WHOLE_READ_MS = 30_000;

export interface VisibilityOptions {
  readonly reader: VisibilityReader;
  readonly settings: ServingSettings;
  readonly clock: Clock;
  /** Other items are hidden than before: lists that were kept may show one. */
  readonly onChange: () => void;
}

export class Visibility implements Disposable {
  readonly items = new HiddenItems();
  /** Ids that a user hides. */
  readonly ofUsers: KeyedCache<readonly string[]>;
  readonly #options: VisibilityOptions;
  #hidden = new Set<string>();
  /** user -> when they last hid something, as the last poll told. */
  #noticed: ReadonlyMap<string, number> = new Map();
  #wholeReadAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: VisibilityOptions) {
    this.#options = options;
    const { reader, settings, clock } = options;
    this.ofUsers = userCache(settings, clock, {
      load: (userIds) => reader.hiddenByUsers(userIds, Deadline.after(settings.readTimeoutMs, clock)),
      ttlMs: settings.historyTtlMs,
      maxLoad: USERS_PER_LOAD,
      renewal: USERS_AHEAD,
    });
  }

  /** Reads what is hidden and goes on following it, with or without success. Never rejects. */
  async start(): Promise<void> {
    await this.#poll();
  }

  /** The request without what its user hides: the same one where that is nothing, so that a kept list can be found. */
  wanted(request: RecoRequest, hidden = this.ofUsers.stale(request.userId)): RecoRequest {
    if (hidden === undefined || hidden.length === 0) return request;
    return { ...request, exclude: new Set([...request.exclude, ...hidden]) };
  }

  /** Whether one of the items is hidden from everybody, or by one of the users, as last known. */
  hides(userIds: readonly string[], itemIds: readonly string[]): boolean {
    const own = new Set(userIds.flatMap((userId) => this.ofUsers.stale(userId) ?? []));
    return itemIds.some((itemId) => this.items.has(itemId) || own.has(itemId));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #poll(): Promise<void> {
    const { clock } = this.#options;
    try {
      if (clock.monotonicMs() - this.#wholeReadAtMs >= WHOLE_READ_MS) await this.#readAll();
      else await this.#readChanges();
    } catch {
      // The store is away: what is known stays in force, and the next poll asks again.
    }
    if (!this.#closed) this.#timer = clock.schedule(POLL_MS, () => void this.#poll(), { unref: true });
  }

  async #readAll(): Promise<void> {
    const { reader, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#apply(new Set(await reader.hiddenItems(this.#deadline())));
    this.#wholeReadAtMs = startedMs;
  }

  async #readChanges(): Promise<void> {
    const { reader } = this.#options;
    const { hidden, shown, users } = await reader.visibilityChanges(WINDOW_MS, this.#deadline());
    if (hidden.some((id) => !this.#hidden.has(id)) || shown.some((id) => this.#hidden.has(id))) {
      const next = new Set(this.#hidden);
      for (const itemId of hidden) next.add(itemId);
      for (const itemId of shown) next.delete(itemId);
      this.#apply(next);
    }
    for (const { userId, atMs } of users) {
      if (this.#noticed.get(userId) !== atMs) this.ofUsers.invalidate(userId);
    }
    this.#noticed = new Map(users.map(({ userId, atMs }) => [userId, atMs]));
  }

  #apply(itemIds: Set<string>): void {
    this.#hidden = itemIds;
    if (this.items.replace(itemIds)) this.#options.onChange();
  }

  #deadline(): Deadline {
    return Deadline.after(this.#options.settings.readTimeoutMs, this.#options.clock);
  }
}
