/** Where a slate goes on: which kept list, and which of its places were shown. */

import { ok } from "../core/result.ts";
import type { Field } from "../events/field.ts";
import { refuse, valueError } from "../events/issue.ts";
import { MAX_PAGED_ITEMS, type ShownPlaces } from "../recommend/paged-list.ts";

export interface PageCursor {
  /** 32 hex digits. */
  readonly listId: string;
  readonly shown: ShownPlaces;
}

const ID_BYTES = 16;
const MAX_BYTES = ID_BYTES + MAX_PAGED_ITEMS / 8;

export const pageCursor = ({ listId, shown }: PageCursor): string =>
  Buffer.concat([Buffer.from(listId, "hex"), shown]).toString("base64url");

export const pageCursorField: Field<PageCursor> = {
  schema: { type: "string", pattern: "^[A-Za-z0-9_-]+$", maxLength: Math.ceil((MAX_BYTES * 4) / 3) },
  read(input) {
    const text = typeof input === "string" ? input : "";
    const bytes = Buffer.from(text, "base64url");
    const isOurs =
      bytes.length > ID_BYTES && bytes.length <= MAX_BYTES && bytes.toString("base64url") === text;
    if (!isOurs) return refuse(valueError("must be the cursor of an earlier answer", input));
    const listId = bytes.toString("hex", 0, ID_BYTES);
    return ok({ listId, shown: new Uint8Array(bytes.subarray(ID_BYTES)) });
  },
};
