/** What nodes tell each other through Redis: never the only way to learn it, so a lost message costs time alone. */

import type { Clock } from "../../core/clock.ts";
import { parseJson } from "../../core/json.ts";
import type { Random } from "../../core/random.ts";
import type { FeatureChange } from "../../events/ports.ts";
import { RedisConnection } from "./connection.ts";

/** Features changed in the store; entries of the cache were taken out. */
export const CHANGES_CHANNEL = "reco:changes";
/** Said there when nobody can name what changed; a build that does not know it waits for its entries to end. */
export const EVERYTHING = JSON.stringify({ everything: true });
/** Outbox rows were committed. */
export const OUTBOX_CHANNEL = "reco:outbox";
/** Records were appended to the event log. */
export const LOG_CHANNEL = "reco:log";

export type WakeChannel = typeof OUTBOX_CHANNEL | typeof LOG_CHANNEL;

export interface HintsOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Once for each change of the connection. Meanwhile nothing is heard. */
  readonly onChange: (state: "up" | Error) => void;
}

export interface Hearing extends AsyncDisposable {
  /** Resolves when the first attempt to connect has ended, well or not. */
  readonly tried: Promise<void>;
}

/** Hears everything that is published to `channel` while it is open and connected. */
export function listen(
  channel: string,
  onMessage: (message: string) => void,
  options: HintsOptions,
): Hearing {
  return new RedisConnection({
    ...options,
    prepare: (client) => client.subscribe(channel, onMessage),
  });
}

/** Publishes wake-up calls. What comes while one is on its way is one more call after it. */
export function openWaker(channel: WakeChannel, options: HintsOptions): { wake(): void } & AsyncDisposable {
  const connection = new RedisConnection(options);
  let sending = false;
  let again = false;
  const wake = () => {
    again = sending;
    if (sending || !connection.isUp) return;
    sending = true;
    void connection
      .send((client) => client.publish(channel, ""), options.timeoutMs)
      .catch(() => {}) // Who should be woken polls as well.
      .finally(() => {
        sending = false;
        if (again) wake();
      });
  };
  return { wake, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
}

const KINDS = ["userIds", "itemIds", "relatedItemIds", "ruleItemIds", "eventIds"] as const;

/** Null when the text is not a change: another version of reco may say more, or somebody else may speak here. */
export function readChange(message: string): FeatureChange | null {
  const parsed = parseJson(message);
  if (!parsed.ok || typeof parsed.value !== "object" || parsed.value === null) return null;
  const lists = parsed.value as Record<string, unknown>;
  const isChange = KINDS.every((kind) => {
    const ids = lists[kind];
    return Array.isArray(ids) && ids.every((id) => typeof id === "string");
  });
  return isChange ? (parsed.value as FeatureChange) : null;
}
