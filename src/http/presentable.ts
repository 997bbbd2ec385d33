/** Makes an issue fit to be sent back: secrets blotted out, made-up field names cut. */

import { INPUT_MAX_CHARACTERS, type Issue } from "../events/issue.ts";

const SECRET_NAME = /api[-_]?key|secret|token|password|authorization/i;
/** A member inside a preview that was cut in the middle of its JSON text. */
const SECRET_MEMBER = /"[^"]*(?:api[-_]?key|secret|token|password|authorization)[^"]*":/i;
const REDACTED = "[redacted]";

export function presentable(issue: Issue): Issue {
  return {
    ...issue,
    loc: issue.loc.map((part) => (typeof part === "string" ? part.slice(0, INPUT_MAX_CHARACTERS) : part)),
    input: isSecret(issue.loc.at(-1)) ? REDACTED : redacted(issue.input),
  };
}

const isSecret = (name: unknown) => typeof name === "string" && SECRET_NAME.test(name);

function redacted(input: unknown): unknown {
  if (typeof input === "string") return SECRET_MEMBER.test(input) ? REDACTED : input;
  if (Array.isArray(input)) return input.map(redacted);
  if (input === null || typeof input !== "object") return input;
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, isSecret(key) ? REDACTED : redacted(value)]),
  );
}
