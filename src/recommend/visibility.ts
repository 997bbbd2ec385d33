/**
 * Keeps what must not be shown near the store: hidden catalogue items for everybody, and those of single users.
 *
 * What others change is asked for every `POLL_MS`; the windows of these questions overlap, so that a commit that came
 * late is seen by a later one. All hidden items are read anew now and then, page by page, whatever was missed.
 */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { HiddenItems } from "./hidden-items.ts";
import { HiddenRound } from "./hidden-round.ts";
import type { KeyedCache } from "./keyed-cache.ts";
import type { VisibilityReader } from "./ports.ts";
import type { RecoRequest } from "./recommender.ts";
import {
  jsonLimit,
  type ServingSettings,
  USERS_AHEAD,
  USERS_PER_LOAD,
  userCache,
} from "./serving-settings.ts";

const POLL_MS = 500;
/** Longer than a write may take. */
const WINDOW_MS = 15_000;
const WHOLE_READ_MS = 30_000;
const PAGES_PER_POLL = 4;
/** Of each kind; with more all hidden items are read instead. */
const MAX_CHANGES = 5_000;

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
  #round: HiddenRound | null = null;
  #nextRoundAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: VisibilityOptions) {
    this.#options = options;
    const { reader, settings, clock } = options;
    this.ofUsers = userCache(settings, clock, {
      load: (userIds) => reader.hiddenByUsers(userIds, Deadline.after(settings.readTimeoutMs, clock)),
      ttlMs: settings.historyTtlMs,
      limit: jsonLimit,
      maxLoad: USERS_PER_LOAD,
      renewal: USERS_AHEAD,
    });
  }

  /** Reads what is hidden and goes on following it, with or without success. Never rejects. */
  async start(): Promise<void> {
    await this.#poll(Number.POSITIVE_INFINITY);
  }

  /** The request without what its user hides: the same one where that is nothing, so that a kept list can be found. */
  wanted(request: RecoRequest, hidden: readonly string[] = []): RecoRequest {
    if (hidden.length === 0) return request;
    return { ...request, exclude: new Set([...request.exclude, ...hidden]) };
  }

  /** What these users hide, as last known. */
  knownOf(userIds: readonly string[]): readonly string[] {
    return userIds.flatMap((userId) => this.ofUsers.stale(userId) ?? []);
  }

  /** Whether one of the items is hidden from everybody, or by one of the users, as last known. */
  hides(userIds: readonly string[], itemIds: readonly string[]): boolean {
    const own = new Set(this.knownOf(userIds));
    return itemIds.some((itemId) => this.items.has(itemId) || own.has(itemId));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #poll(pages = PAGES_PER_POLL): Promise<void> {
    // Each by itself: a read of all that fails must not keep changes from being followed.
    await this.#readChanges().catch(keepKnown);
    await this.#readOn(pages).catch(keepKnown);
    if (this.#closed) return;
    this.#timer = this.#options.clock.schedule(POLL_MS, () => void this.#poll(), { unref: true });
  }

  /** Goes on with the round through all hidden items, when one is due. */
  async #readOn(pages: number): Promise<void> {
    const { reader, clock } = this.#options;
    if (this.#round === null) {
      if (clock.monotonicMs() < this.#nextRoundAtMs) return;
      this.#nextRoundAtMs = clock.monotonicMs() + WHOLE_READ_MS;
      this.#round = new HiddenRound();
    }
    for (let page = 0; page < pages && !this.#closed; page++) {
      const all = await this.#round.next(reader, this.#deadline());
      if (all === null) continue;
      this.#round = null;
      this.#apply(all);
      return;
    }
  }

  async #readChanges(): Promise<void> {
    const { reader } = this.#options;
    const changes = await reader.visibilityChanges(WINDOW_MS, MAX_CHANGES, this.#deadline());
    const { hidden, shown, users } = changes;
    this.#round?.note(hidden, shown);
    // Some were cut off: only a round that begins after them tells which.
    if (!changes.isComplete) this.#nextRoundAtMs = Number.NEGATIVE_INFINITY;
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

/** The store is away: what is known stays in force, and the next poll asks again. */
const keepKnown = () => {};
