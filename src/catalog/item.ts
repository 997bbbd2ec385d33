/** What a catalogue item is, and how an import line becomes one. */

import { ID_MAX_CODE_POINTS, idTextProblem } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import { type Attributes, parseAttributes, textProblem } from "./attributes.ts";

export interface CatalogItem {
  readonly itemId: string;
  readonly title: string | null;
  readonly price: number | null;
  readonly coverImage: string | null;
  readonly category: string | null;
  readonly author: string | null;
  readonly tags: readonly string[];
  readonly verified: boolean;
  readonly publishedAtMs: number | null;
  readonly hidden: boolean;
  readonly attributes: Attributes;
}

export const TEXT_MAX_LENGTH = 2_048;
export const MAX_TAGS = 200;
const TAGS_MAX_LENGTH = 16_384;
const NUMBER_TEXT = /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const ISO_DAY_LENGTH = "1995-11-22".length;
const ISO_LENGTH = "1995-11-22T10:00:00.250Z".length;
/** With a zone, because what stands without one means another instant on each machine. */
export const INSTANT_TEXT =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
const TEXT_FIELDS = ["title", "cover_image", "category", "author"] as const;
const FIELDS = new Set<string>([
  "item_id",
  ...TEXT_FIELDS,
  "price",
  "tags",
  "verified",
  "published_at",
  "hidden",
  "attributes",
]);

/**
 * An item from the fields of an import line: CSV cells (all strings, tags joined by `;`) or JSON values.
 * The error names the field and the rule it breaks.
 */
export function parseItem(fields: Readonly<Record<string, unknown>>): Result<CatalogItem, string> {
  try {
    return ok(readItem(fields));
  } catch (error) {
    if (error instanceof FieldError) return err(error.message);
    throw error;
  }
}

class FieldError extends Error {
  override name = "FieldError";
}

function readItem(fields: Readonly<Record<string, unknown>>): CatalogItem {
  const unknown = Object.keys(fields).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw new FieldError(`${unknown}: unknown field`);
  return {
    itemId: readId(fields["item_id"]),
    title: readText(fields, "title"),
    price: readNumber(fields, "price"),
    coverImage: readText(fields, "cover_image"),
    category: readText(fields, "category"),
    author: readText(fields, "author"),
    tags: readTags(fields["tags"]),
    verified: readFlag(fields, "verified"),
    publishedAtMs: readInstant(fields["published_at"]),
    hidden: readFlag(fields, "hidden"),
    attributes: readAttributes(fields["attributes"]),
  };
}

function readId(value: unknown): string {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || text === "") throw new FieldError("item_id: required");
  const problem = idTextProblem(text);
  if (problem) throw new FieldError(`item_id: ${problem}`);
  if ([...text].length > ID_MAX_CODE_POINTS) {
    throw new FieldError(`item_id: at most ${ID_MAX_CODE_POINTS} characters`);
  }
  return text;
}

function readText(fields: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  return checkedText(value, name);
}

function checkedText(value: unknown, name: string): string {
  if (typeof value !== "string") throw new FieldError(`${name}: must be a string`);
  if (value.length > TEXT_MAX_LENGTH) throw new FieldError(`${name}: at most ${TEXT_MAX_LENGTH} characters`);
  const problem = textProblem(value);
  if (problem) throw new FieldError(`${name}: ${problem}`);
  return value;
}

function readNumber(fields: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  const number = typeof value === "string" && NUMBER_TEXT.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number) || number < 0) {
    throw new FieldError(`${name}: must be a number of at least 0`);
  }
  return number;
}

function readFlag(fields: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = fields[name];
  if (value === undefined || value === null) return false;
  const word = String(value).toLowerCase();
  if (word === "true" || word === "1") return true;
  if (word === "false" || word === "0") return false;
  throw new FieldError(`${name}: must be true or false`);
}

function readTags(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const tags = typeof value === "string" ? value.split(";").filter((tag) => tag !== "") : value;
  if (!Array.isArray(tags)) throw new FieldError("tags: must be a list");
  if (tags.length > MAX_TAGS) throw new FieldError(`tags: at most ${MAX_TAGS}`);
  const checked = tags.map((tag) => checkedText(tag, "tags"));
  const problem = tagsProblem(checked);
  if (problem !== null) throw new FieldError(`tags: ${problem}`);
  return checked;
}

/** Why these are too many tags together, or null when they are not. */
export function tagsProblem(tags: readonly string[]): string | null {
  const length = tags.reduce((sum, tag) => sum + tag.length, 0);
  return length > TAGS_MAX_LENGTH ? `must have at most ${TAGS_MAX_LENGTH} characters together` : null;
}

function readInstant(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const instantMs = readInstantMs(value);
  if (instantMs === null) {
    throw new FieldError("published_at: must be a date, or a time with its zone (ISO 8601)");
  }
  return instantMs;
}

/** Ms since 1970 of a date, or of a time with its zone; null for anything else, a day that its month lacks included. */
export function readInstantMs(value: unknown): number | null {
  if (typeof value !== "string" || !INSTANT_TEXT.test(value)) return null;
  const instantMs = Date.parse(value.replace(" ", "T"));
  if (Number.isNaN(instantMs)) return null;
  const day = value.slice(0, ISO_DAY_LENGTH);
  // Parsed, the 30th of February is the 2nd of March.
  const isDay = new Date(day).toISOString().startsWith(day);
  // A year before 0 or after 9999, which a zone may lead to, is written otherwise and sorts wrongly.
  return isDay && new Date(instantMs).toISOString().length === ISO_LENGTH ? instantMs : null;
}

function readAttributes(value: unknown): Attributes {
  if (value === undefined || value === null) return {};
  const parsed = parseAttributes(value);
  if (!parsed.ok) throw new FieldError(`attributes: ${parsed.error}`);
  return parsed.value;
}
