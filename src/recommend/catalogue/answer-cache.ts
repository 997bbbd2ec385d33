/**
 * Catalogue answers that are given again, and the last good ones for when nothing can be computed.
 *
 * They are kept in this worker's memory, and in the cache that nodes share where there is one. Each carries the stamp of
 * what it was made by: an answer of another model is none.
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { parseJson } from "../../core/json.ts";
import type { Candidate } from "./merge.ts";
import type { SharedTexts } from "./ports.ts";

const MAX_ANSWERS = 10_000;
const MAX_CHARACTERS = 16 * 1_048_576;
const FALLBACK_PREFIX = "fallback:";
const FALLBACK_TTL_MS = 86_400_000;

export interface AnswerKey {
  /** Null: such an answer is not given again. */
  readonly answer: { readonly key: string; readonly ttlMs: number } | null;
  readonly fallback: string;
}

interface KeyFacts {
  readonly itemId: string;
  readonly userId: string | null;
  readonly limit: number;
  readonly lambda: number;
  readonly nowMs: number;
}

/** Ids are percent-encoded: no two calls share a key, whatever their ids hold. */
const part = encodeURIComponent;
const SIMILAR_TTL_MS = 300_000;
const DETAIL_TTL_MS = 3_600_000;
/** Most answers are arranged by it, and have nothing of it in their keys. */
const USUAL_LAMBDA = { similar: 0.4, detail: 0.5 } as const;

export function similarKey({ itemId, limit, lambda }: KeyFacts): AnswerKey {
  const key = `similar:${part(itemId)}:${limit}`;
  return {
    answer: { key: key + arrangedBy(lambda, USUAL_LAMBDA.similar), ttlMs: SIMILAR_TTL_MS },
    fallback: FALLBACK_PREFIX + key,
  };
}

/** Only what is made for a user is given again, within the hour (UTC). */
export function detailKey({ itemId, userId, limit, lambda, nowMs }: KeyFacts): AnswerKey {
  const key = `recommend:${part(itemId)}:${userId === null ? "" : part(userId)}:${limit}`;
  const hour = new Date(nowMs).toISOString().slice(0, 13).replace("T", "-");
  const answer = `${key}:${hour}${arrangedBy(lambda, USUAL_LAMBDA.detail)}`;
  return {
    answer: userId === null ? null : { key: answer, ttlMs: DETAIL_TTL_MS },
    fallback: FALLBACK_PREFIX + key,
  };
}

const arrangedBy = (lambda: number, usual: number) => (lambda === usual ? "" : `:lambda-${lambda}`);

interface Kept {
  readonly text: string;
  readonly endsAtMs: number;
}

export interface AnswerCacheOptions {
  readonly shared: SharedTexts | null;
  readonly clock: Clock;
  /** False: nothing is kept. */
  readonly enabled: boolean;
}

export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  readonly #kept = new LRUCache<string, Kept>({
    max: MAX_ANSWERS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ text }) => text.length,
  });

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /** Null where there is none by this stamp. Never rejects. */
  async find(key: string, stamp: string, deadline: Deadline): Promise<readonly Candidate[] | null> {
    const known = await this.#text(key, deadline);
    return known === null ? null : read(known, stamp);
  }

  /** Whatever made it. Never rejects. */
  async findLastGood(key: string, deadline: Deadline): Promise<readonly Candidate[] | null> {
    const known = await this.#text(key, deadline);
    return known === null ? null : read(known, null);
  }

  keep({ answer, fallback }: AnswerKey, stamp: string, items: readonly Candidate[]): void {
    if (!this.#options.enabled) return;
    const text = JSON.stringify({
      stamp,
      items: items.map(({ itemId, score, reasons }) => [itemId, score, reasons.join("+")]),
    });
    if (answer !== null) this.#set(answer.key, text, answer.ttlMs);
    this.#set(fallback, text, FALLBACK_TTL_MS);
  }

  /** Answers of before are not given again; the last good ones stay. */
  drop(): void {
    for (const key of this.#kept.keys()) if (!key.startsWith(FALLBACK_PREFIX)) this.#kept.delete(key);
  }

  async #text(key: string, deadline: Deadline): Promise<string | null> {
    const { shared, clock, enabled } = this.#options;
    if (!enabled) return null;
    const kept = this.#kept.get(key);
    if (kept && kept.endsAtMs > clock.monotonicMs()) return kept.text;
    return shared ? shared.get(key, deadline) : null;
  }

  #set(key: string, text: string, ttlMs: number): void {
    const { shared, clock } = this.#options;
    this.#kept.set(key, { text, endsAtMs: clock.monotonicMs() + ttlMs });
    shared?.set(key, text, ttlMs);
  }
}

/** Null where the text is not what `keep` writes: another version of reco, or somebody else, may write here, too. */
function read(text: string, stamp: string | null): readonly Candidate[] | null {
  const parsed = parseJson(text);
  if (!parsed.ok) return null;
  const kept = parsed.value as { readonly stamp?: unknown; readonly items?: unknown } | null;
  if (stamp !== null && kept?.stamp !== stamp) return null;
  if (!Array.isArray(kept?.items)) return null;
  const items: Candidate[] = [];
  for (const item of kept.items as readonly unknown[]) {
    const [itemId, score, reasons] = Array.isArray(item) ? item : [];
    if (typeof itemId !== "string" || typeof score !== "number" || typeof reasons !== "string") return null;
    items.push({ itemId, score, reasons: reasons.split("+") });
  }
  return items;
}
