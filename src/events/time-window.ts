/** Decides whether an event's time is near enough to now, after bringing it to milliseconds. */

import { ok } from "../core/result.ts";
import { type Field, intField } from "./field.ts";
import { refuse, valueError } from "./issue.ts";

const SMALLEST_MILLISECONDS = 1e12;

const positive = intField({ above: 0 });

/** Seconds or milliseconds as milliseconds; both limits of the window are inside it. */
export function instantField(name: string): Field<number> {
  return {
    schema: {
      description: "Unix time: milliseconds from 10^12 on, seconds below.",
      ...positive.schema,
    },
    read(input, window) {
      const given = positive.read(input, window);
      if (!given.ok) return given;
      const tsMs = given.value >= SMALLEST_MILLISECONDS ? given.value : given.value * 1000;
      if (window !== null && tsMs > window.nowMs + window.maxEventFutureMs) {
        return refuse(valueError(`${name} is more than ${window.maxEventFutureMs} ms in the future`, input));
      }
      if (window !== null && tsMs < window.nowMs - window.maxEventAgeMs) {
        return refuse(valueError(`${name} is more than ${window.maxEventAgeMs} ms in the past`, input));
      }
      return ok(tsMs);
    },
  };
}
