/** Reads the query of GET /reco. */

import type { ItemId, SessionId, UserId } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import { boolField, type Field, intField } from "../events/field.ts";
import { idField } from "../events/id-field.ts";
import { type Issue, issue, refuse, valueError } from "../events/issue.ts";
import type { Boost, Filter } from "../recommend/expression.ts";
import { boostField, filterField } from "./expression-fields.ts";
import { type PageCursor, pageCursorField } from "./page-cursor.ts";
import { eachParameter, QueryReader } from "./query.ts";

export interface RecoQuery {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly k: number;
  readonly autolog: boolean;
  readonly exclude: ReadonlySet<string>;
  readonly filter: Filter | null;
  readonly boost: Boost | null;
  readonly details: boolean;
  /** Names the placement. */
  readonly surface: string;
  /** Null: the first page. */
  readonly cursor: PageCursor | null;
}

export const EXCLUDE_MAX_IDS = 500;
export const RECO_DEFAULT_K = 20;
export const DEFAULT_SURFACE = "default";
const SURFACE_MAX_CHARACTERS = 64;
const SURFACE = /^[A-Za-z0-9._:-]*$/;

export const userIdField = idField<UserId>();
export const sessionIdField = idField<SessionId>();
export const itemIdField = idField<ItemId>();
export const kField = intField({ min: 1, max: 200 });

/** Names the placement; nothing depends on it yet, but a wrong one is an error from the start. */
export const surfaceField: Field<string> = {
  schema: { type: "string", minLength: 1, maxLength: SURFACE_MAX_CHARACTERS, pattern: SURFACE.source },
  read(input) {
    if (typeof input !== "string") return refuse(issue("string_type", "Input should be a string", input));
    if (input.length === 0) {
      return refuse(
        issue("string_too_short", "String should have at least 1 character", input, { min_length: 1 }),
      );
    }
    if (input.length > SURFACE_MAX_CHARACTERS) {
      const msg = `String should have at most ${SURFACE_MAX_CHARACTERS} characters`;
      return refuse(issue("string_too_long", msg, input, { max_length: SURFACE_MAX_CHARACTERS }));
    }
    return SURFACE.test(input) ? ok(input) : refuse(valueError("must consist of A-Z a-z 0-9 . _ : -", input));
  },
};

/** Values as sent; of a parameter given twice the last one counts. */
interface Given {
  user_id?: string | null;
  session_id?: string | null;
  k?: string | null;
  x_autolog_impressions?: string | null;
  surface?: string | null;
  filter?: string | null;
  boost?: string | null;
  details?: string | null;
  cursor?: string | null;
}

export function parseRecoQuery(query: string): Result<RecoQuery, readonly Issue[]> {
  const reader = new QueryReader();
  const given: Given = {};
  let excluded: (string | null)[] | null = null;
  eachParameter(query, (name, value) => {
    switch (name) {
      case "user_id":
      case "session_id":
      case "k":
      case "x_autolog_impressions":
      case "surface":
      case "filter":
      case "boost":
      case "details":
      case "cursor":
        given[name] = value;
        return;
      case "exclude":
        excluded ??= [];
        excluded.push(value);
        return;
      default:
    }
  });
  const userId = reader.required("user_id", given.user_id, userIdField);
  const sessionId = reader.required("session_id", given.session_id, sessionIdField);
  const k = reader.optional("k", given.k, kField) ?? RECO_DEFAULT_K;
  const autolog = reader.optional("x_autolog_impressions", given.x_autolog_impressions, boolField) ?? true;
  const exclude = excluded === null ? NOTHING : readExclude(reader, excluded);
  const surface = reader.optional("surface", given.surface, surfaceField) ?? DEFAULT_SURFACE;
  const filter = reader.optional("filter", given.filter, filterField) ?? null;
  const boost = reader.optional("boost", given.boost, boostField) ?? null;
  const details = reader.optional("details", given.details, boolField) ?? false;
  const cursor = reader.optional("cursor", given.cursor, pageCursorField) ?? null;
  if (userId === undefined || sessionId === undefined || reader.issues.length > 0) return err(reader.issues);
  return ok({ userId, sessionId, k, autolog, exclude, filter, boost, details, surface, cursor });
}

const NOTHING: ReadonlySet<string> = new Set();

/** Each value is one id or several with commas between them; empty ones between commas count for nothing. */
function readExclude(reader: QueryReader, values: readonly (string | null)[]): ReadonlySet<string> {
  const ids = values.flatMap((value) =>
    value === null ? [null] : value.split(",").filter((id) => id !== ""),
  );
  if (ids.length > EXCLUDE_MAX_IDS) {
    const ctx = { max_length: EXCLUDE_MAX_IDS, actual_length: ids.length };
    reader.refuse(["exclude"], issue("too_long", `Should have at most ${EXCLUDE_MAX_IDS} ids`, null, ctx));
    return NOTHING;
  }
  const exclude = new Set<string>();
  for (const [index, id] of ids.entries()) {
    const read = reader.optional(["exclude", index], id, itemIdField);
    if (read !== undefined) exclude.add(read);
  }
  return exclude;
}
