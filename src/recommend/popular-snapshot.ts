/** The popular list as text that proves its own integrity. */

import { createHash } from "node:crypto";
import { parseJson } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { ScoredItem } from "./ports.ts";

/** More than any answer needs: k of at most 200, beside 20 seen and 500 excluded items. */
export const SNAPSHOT_ITEMS = 1_000;
const FORMAT = 1;

/** JSON `{format, sha256, items: [[item_id, score], …]}`; the digest is that of the items' JSON. */
export function encodeSnapshot(items: readonly ScoredItem[]): string {
  const pairs = items.slice(0, SNAPSHOT_ITEMS).map(({ itemId, score }) => [itemId, score]);
  return `${JSON.stringify({ format: FORMAT, sha256: digest(pairs), items: pairs })}\n`;
}

/** The items, or why the text cannot be trusted. */
export function decodeSnapshot(text: string): Result<readonly ScoredItem[], string> {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const { format, sha256, items } = (parsed.value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) return err("unknown format");
  if (!Array.isArray(items) || items.length > SNAPSHOT_ITEMS || !items.every(isPair))
    return err("no item list");
  if (sha256 !== digest(items)) return err("checksum mismatch");
  return ok(items.map(([itemId, score]) => ({ itemId, score })));
}

const digest = (pairs: readonly unknown[]) =>
  createHash("sha256").update(JSON.stringify(pairs)).digest("hex");

function isPair(value: unknown): value is [string, number] {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && Number.isFinite(value[1])
  );
}
