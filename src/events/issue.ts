/** Says what is wrong with one value of a request, in the shape of the 422 answer. */

import { err, type Result } from "../core/result.ts";

export type IssueType =
  | "missing"
  | "string_too_short"
  | "string_too_long"
  | "greater_than"
  | "greater_than_equal"
  | "less_than_equal"
  | "int_parsing"
  | "float_parsing"
  | "bool_parsing"
  | "string_type"
  | "literal_error"
  | "extra_forbidden"
  | "too_short"
  | "too_long"
  | "value_error"
  | "json_invalid";

export type Loc = readonly (string | number)[];

export interface Issue {
  readonly type: IssueType;
  readonly loc: Loc;
  readonly msg: string;
  /** What was given, cut to `INPUT_MAX_CHARACTERS`. */
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, string | number>>;
}

/** Issues listed for one body; a body with more is wrong beyond reading. */
export const ISSUES_MAX = 1000;
export const INPUT_MAX_CHARACTERS = 256;
const INPUT_MAX_MEMBERS = 16;

/** An issue with an empty loc: whoever knows where the value stood puts the loc in front with `under`. */
export function issue(type: IssueType, msg: string, input: unknown, ctx?: Issue["ctx"]): Issue {
  const base = { type, loc: [], msg, input: preview(input) };
  return ctx === undefined ? base : { ...base, ctx };
}

/** `problem` reads as the end of a sentence: "must be an object". */
export function valueError(problem: string, input: unknown): Issue {
  return issue("value_error", `Value error, ${problem}`, input);
}

export function refuse(found: Issue): Result<never, readonly Issue[]> {
  return err([found]);
}

/** The issues with `prefix` in front of each loc. */
export function under(prefix: Loc, issues: readonly Issue[]): readonly Issue[] {
  return issues.map((found) => ({ ...found, loc: [...prefix, ...found.loc] }));
}

/** Adds to `issues` without passing `ISSUES_MAX`; true when there is room for more. */
export function collect(issues: Issue[], found: readonly Issue[]): boolean {
  issues.push(...found.slice(0, ISSUES_MAX - issues.length));
  return issues.length < ISSUES_MAX;
}

function preview(input: unknown): unknown {
  if (typeof input === "string") return cut(input);
  if (input === null || typeof input !== "object") return input;
  // Pruned before it is written: the object around a missing field may be megabytes long.
  const text = JSON.stringify(pruned(input, 2));
  return text.length <= INPUT_MAX_CHARACTERS ? JSON.parse(text) : cut(text);
}

function pruned(value: unknown, depth: number): unknown {
  if (typeof value === "string") return cut(value);
  if (value === null || typeof value !== "object") return typeof value === "bigint" ? String(value) : value;
  if (depth === 0) return Array.isArray(value) ? [] : {};
  if (Array.isArray(value)) {
    return value.slice(0, INPUT_MAX_MEMBERS).map((member) => pruned(member, depth - 1));
  }
  const members = Object.entries(value).slice(0, INPUT_MAX_MEMBERS);
  return Object.fromEntries(members.map(([key, member]) => [cut(key), pruned(member, depth - 1)]));
}

/** A cut may halve a surrogate pair, and not every JSON reader takes the half. */
const cut = (text: string) => text.slice(0, INPUT_MAX_CHARACTERS).toWellFormed();
