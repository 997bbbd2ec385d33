/** Gate 7: lowers the call's deadline to what the client still waits for. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { type Field, intField } from "../../events/field.ts";
import { under } from "../../events/issue.ts";
import { DEADLINE_EXCEEDED, invalid } from "../errors.ts";
import type { Call, Failure } from "../route.ts";

export const TIMEOUT_HEADER = "X-Request-Timeout-Ms";
export const timeoutField: Field<number> = intField({ min: 1, max: 30_000 });

/** Sets `call.budgetMs` and `call.deadline`, counted from the arrival of the request. */
export function applyDeadline(call: Call, clock: Clock): Failure | null {
  const given = call.request.headers.get(TIMEOUT_HEADER);
  if (given === null) return null;
  const timeout = timeoutField.read(given.trim(), null);
  if (!timeout.ok) return invalid(under(["header", TIMEOUT_HEADER], timeout.error));
  if (timeout.value < call.budgetMs) {
    call.budgetMs = timeout.value;
    call.deadline = Deadline.after(timeout.value - (clock.monotonicMs() - call.startedMs), clock);
  }
  return call.deadline.expired ? DEADLINE_EXCEEDED : null;
}
