/** The checks of a smoke run that look at the server and change nothing. */

import type { Clock } from "../../core/clock.ts";
import { err, ok, type Result } from "../../core/result.ts";
import type { ApiClient } from "./api-client.ts";
import { memberAt, numberAt, objectAt } from "./members.ts";
import { poll } from "./poll.ts";
import type { SmokePlan } from "./smoke-run.ts";

/** Health answers may be this old: an earlier look could miss the last writes and find them settled. */
const SNAPSHOT_MAX_AGE_MS = 1_000;

export type OutboxCounts = Readonly<Record<string, unknown>>;

/** Polls `/readyz`. A server that cannot be reached, or talks nonsense, is not ready yet. */
export async function checkReady(
  api: ApiClient,
  { readyTimeoutMs, pollMs }: SmokePlan,
  clock: Clock,
): Promise<string | null> {
  const ask = async (): Promise<Result<null, string>> => {
    const answer = await api.probe("/readyz");
    if (!answer.ok) return err(answer.problem);
    return memberAt(answer.body, "ready") === true ? ok(null) : err("the answer does not say ready: true");
  };
  const outcome = await poll(ask, { withinMs: readyTimeoutMs, everyMs: pollMs, clock });
  return outcome.ok ? null : `not ready within ${readyTimeoutMs / 1000} s: ${outcome.error}`;
}

/** Polls `/healthz` until nothing is dead and few rows wait. `seen` is the last snapshot that came. */
export async function checkOutbox(
  api: ApiClient,
  { outboxTimeoutMs, pollMs, maxOutboxPending }: SmokePlan,
  clock: Clock,
): Promise<{ readonly problem: string | null; readonly seen: OutboxCounts | null }> {
  let seen: OutboxCounts | null = null;
  const ask = async (): Promise<Result<null, string>> => {
    const answer = await api.probe("/healthz");
    if (!answer.ok) return err(answer.problem);
    const outbox = objectAt(answer.body, "event_backbone", "outbox");
    const [pending, publishing, dead] = ["pending", "publishing", "dead"].map((name) =>
      numberAt(outbox, name),
    );
    if (pending == null || publishing == null || dead == null) return err("the answer has no outbox counts");
    seen = outbox;
    if (dead === 0 && pending + publishing <= maxOutboxPending) return ok(null);
    return err(`${pending} pending, ${publishing} publishing, ${dead} dead`);
  };
  await clock.sleep(SNAPSHOT_MAX_AGE_MS);
  const outcome = await poll(ask, { withinMs: outboxTimeoutMs, everyMs: pollMs, clock });
  const problem = outcome.ok ? null : `not settled within ${outboxTimeoutMs / 1000} s: ${outcome.error}`;
  return { problem, seen };
}

/** The requests of the run must have reached the window behind `/metrics/reco`. */
export async function checkSamples(
  api: ApiClient,
): Promise<{ readonly problem: string | null; readonly size: number }> {
  const answer = await api.get("/metrics/reco");
  if (!answer.ok) return { problem: answer.problem, size: 0 };
  const size = numberAt(answer.body, "sample_size");
  if (size === null) return { problem: "the answer has no sample_size", size: 0 };
  return { problem: size > 0 ? null : "the window holds no sample", size };
}
