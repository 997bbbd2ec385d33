/** Says whether Confluent's client can run here. */

import { systemClock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { checkConfluentClient } from "../stores/eventlog/confluent/confluent.ts";

/** Null when it can. */
export async function whyNoConfluent(timeoutMs: number): Promise<string | null> {
  try {
    await checkConfluentClient(Deadline.after(timeoutMs, systemClock));
    return null;
  } catch (error) {
    return `KAFKA_DRIVER is confluent, but ${asError(error).message}`;
  }
}
