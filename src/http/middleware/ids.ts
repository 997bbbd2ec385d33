/** Gate 1: names the call, by the client's ids where they are usable. */

import type { Clock } from "../../core/clock.ts";
import { newRequestId } from "../../core/ids.ts";
import type { Random } from "../../core/random.ts";
import type { CallIds } from "../route.ts";

const ID_MAX_CHARACTERS = 128;
const USABLE = /^[A-Za-z0-9._:-]{8,128}$/;

export function readIds(headers: Request["headers"], clock: Clock, random: Random): CallIds {
  const given = usable(headers.get("x-request-id"));
  const requestId = given ?? newRequestId(clock, random);
  const correlationId = usable(headers.get("x-correlation-id")) ?? requestId;
  return { requestId, correlationId, clientChosen: given !== null };
}

function usable(value: string | null): string | null {
  if (value === null) return null;
  const cut = value.trim().slice(0, ID_MAX_CHARACTERS);
  return USABLE.test(cut) ? cut : null;
}
