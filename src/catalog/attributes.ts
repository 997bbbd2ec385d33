/** Reads an item's free-form attributes: any JSON object that the store can hold and that is safe to pass around. */

import { err, ok, type Result } from "../core/result.ts";

export type Attributes = Readonly<Record<string, unknown>>;

const OBJECT_MAX_KEYS = 1000;
/** As JSON: serving keeps attributes of many items and users in memory. */
const MAX_BYTES = 65_536;
const RESERVED_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Expects parsed JSON, whose depth its parser has bounded. The error is the rule that is broken. */
export function parseAttributes(value: unknown): Result<Attributes, string> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return err("must be an object");
  const problem = problemIn(value);
  if (problem !== null) return err(problem);
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_BYTES) {
    return err(`must take at most ${MAX_BYTES} bytes as JSON`);
  }
  return ok(value as Attributes);
}

function problemIn(value: unknown): string | null {
  if (typeof value === "string") return textProblem(value);
  if (typeof value === "number") return Number.isFinite(value) ? null : "must hold finite numbers";
  if (value === null || typeof value !== "object") return null;
  const members = Array.isArray(value) ? value : Object.values(value);
  return (Array.isArray(value) ? null : keysProblem(Object.keys(value))) ?? firstProblem(members);
}

function keysProblem(keys: readonly string[]): string | null {
  if (keys.length > OBJECT_MAX_KEYS) return `must hold at most ${OBJECT_MAX_KEYS} keys an object`;
  const reserved = keys.find((key) => RESERVED_KEYS.has(key));
  return reserved === undefined ? firstProblem(keys) : `must not have a key ${reserved}`;
}

function firstProblem(values: readonly unknown[]): string | null {
  for (const value of values) {
    const problem = problemIn(value);
    if (problem !== null) return problem;
  }
  return null;
}

/** Why PostgreSQL could not hold `text`, or null when it can. */
export function textProblem(text: string): string | null {
  if (!text.isWellFormed()) return "must be well-formed Unicode";
  return text.includes("\0") ? "must not contain U+0000" : null;
}
