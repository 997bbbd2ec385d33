/** Where a list goes on: the last id of a page, packed so that nobody is tempted to make one. */

import { idTextProblem } from "../core/ids.ts";
import { ok } from "../core/result.ts";
import type { Field } from "../events/field.ts";
import { refuse, valueError } from "../events/issue.ts";

export const cursorOf = (id: string): string => Buffer.from(id, "utf8").toString("base64url");

/** The id in a cursor that a list gave out. */
export const cursorField: Field<string> = {
  schema: { type: "string", pattern: "^[A-Za-z0-9_-]+$", maxLength: 1_024 },
  read(input) {
    const text = typeof input === "string" ? input : "";
    const id = Buffer.from(text, "base64url").toString("utf8");
    const isOurs = id !== "" && cursorOf(id) === text && idTextProblem(id) === null;
    return isOurs ? ok(id) : refuse(valueError("must be a cursor of an earlier answer", input));
  },
};
