/** Reads the answer of `GET /reco`. */

import { err, ok, type Result } from "../../core/result.ts";
import type { ApiAnswer } from "./api-client.ts";
import { memberAt } from "./members.ts";

interface Slate {
  readonly requestId: string;
  readonly items: readonly string[];
}

export function readSlate(answer: ApiAnswer): Result<Slate, string> {
  if (!answer.ok) return err(answer.problem);
  const requestId = memberAt(answer.body, "request_id");
  const items = memberAt(answer.body, "items");
  if (typeof requestId !== "string" || !isTexts(items))
    return err("the answer is no list of recommendations");
  return ok({ requestId, items });
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((member) => typeof member === "string");
