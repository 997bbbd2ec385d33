/** Gate 5: refuses a body by its declared size, before a byte of it is read. */

import { BAD_CONTENT_LENGTH, TOO_LARGE } from "../errors.ts";
import type { Call, Failure } from "../route.ts";

const DECIMAL = /^\d+$/;

/** A body without a declared size is measured while it is read (body.ts). */
export function checkSize(call: Call, maxBodyBytes: number): Failure | null {
  const declared = call.request.headers.get("content-length");
  if (declared === null) return null;
  if (!DECIMAL.test(declared)) return BAD_CONTENT_LENGTH;
  return Number(declared) > maxBodyBytes ? TOO_LARGE : null;
}
