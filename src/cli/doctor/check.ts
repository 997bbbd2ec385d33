/** What a check of `reco doctor` is, and how checks are run: side by side, none longer than its time. */

import { Deadline, DeadlineExceededError } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";

export type Status = "pass" | "warn" | "fail";

export interface Verdict {
  readonly status: Status;
  /** For the operator: what is so, and what to do about it. Never holds a secret. */
  readonly detail: string;
}

export interface Finding extends Verdict {
  readonly name: string;
}

/** Judges one matter of `Subject`. */
export interface Check<Subject> {
  readonly name: string;
  /** Null where the matter does not arise. */
  run(subject: Subject): Verdict | null | Promise<Verdict | null>;
}

export const pass = (detail: string): Verdict => ({ status: "pass", detail });
export const warn = (detail: string): Verdict => ({ status: "warn", detail });
export const fail = (detail: string): Verdict => ({ status: "fail", detail });

const CHECK_TIMEOUT_MS = 8_000;

/** Findings in the order of `checks`. A check that throws or takes too long has failed. */
export async function runChecks<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
  timeoutMs = CHECK_TIMEOUT_MS,
): Promise<Finding[]> {
  const found = await Promise.all(
    checks.map(async ({ name, run }) => {
      const verdict = await judge(() => run(subject), timeoutMs);
      return verdict && { name, ...verdict };
    }),
  );
  return found.filter((finding) => finding !== null);
}

async function judge(run: () => ReturnType<Check<never>["run"]>, timeoutMs: number): Promise<Verdict | null> {
  try {
    return await Deadline.after(timeoutMs).race(Promise.resolve().then(run));
  } catch (error) {
    if (error instanceof DeadlineExceededError) return fail(`no result within ${timeoutMs} ms`);
    return fail(asError(error).message);
  }
}
