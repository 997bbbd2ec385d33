/** Flags of the replay commands, and how their texts become values. */

import { InvalidArgumentError, Option } from "commander";

/** Rows one call takes at most: a transaction and a report of bounded size. */
const MAX_LIMIT = 100_000;

/** `2026-01-31`, or with a time and a zone; without a zone a time would mean another instant on another machine. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

export const limit = (fallback: number) =>
  new Option("--limit <n>", "rows at most, the oldest first").default(fallback).argParser((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 1 && value <= MAX_LIMIT) return value;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_LIMIT}.`);
  });

export const status = <S extends string>(choices: readonly S[], fallback: S) =>
  new Option("--status <status>", "rows of this status").choices(choices).default(fallback);

export const topic = () => new Option("--topic <name>", "rows of this topic").default("", "any topic");

export const instant = (flags: string, description: string) =>
  new Option(flags, `${description}: ISO 8601 in UTC or with an offset, or ms since 1970`).argParser(
    parseInstant,
  );

/** Ms since 1970. Throws InvalidArgumentError. */
export function parseInstant(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError(
    "It must be a time such as 2026-01-31, 2026-01-31T10:00:00Z or 1769853600000.",
  );
}
