/** The registry's row of a training run. */

import type { Deadline } from "../../core/deadline.ts";
import type { RunStore, RunSummary } from "../../models/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection, Pool } from "./pool-types.ts";

export interface ModelRun {
  readonly runId: string;
  readonly strategy: string;
  /** Where the run's files stand in the object store. */
  readonly artifactUri: string;
  readonly artifactSha256: string;
  readonly manifest: object;
  readonly policy: object;
}

/** A run id names one run for ever: a second one with it is refused by the primary key. */
export function insertModelRun(pool: Pool, run: ModelRun, deadline: Deadline): Promise<void> {
  return pool.use("write", deadline, async (sql) => {
    await sql`
      insert into model_run (run_id, strategy, artifact_uri, artifact_sha256, manifest, policy)
      values (${run.runId}, ${run.strategy}, ${run.artifactUri}, ${run.artifactSha256},
        ${JSON.stringify(run.manifest)}::text::jsonb, ${JSON.stringify(run.policy)}::text::jsonb)`;
  });
}

/** `artifactSha256` answers the digest of a run's model file as it lies there now; null when it is gone. */
export function createRunStore(
  pool: Pool,
  artifactSha256: (runId: string) => Promise<string | null>,
): RunStore {
  const policy: RunStore["policy"] = (runId, deadline) =>
    pool.use("read", deadline, (sql) => policyOf(sql, runId));
  return {
    policy,
    list: (limit, deadline) => pool.use("read", deadline, (sql) => newestRuns(sql, limit)),
    find: (runIds, deadline) => pool.use("read", deadline, (sql) => findRuns(sql, runIds)),
    async evidence(runId, deadline) {
      const document = await policy(runId, deadline);
      return document && { policy: document, artifactSha256: await deadline.race(artifactSha256(runId)) };
    },
  };
}

const columns = (sql: Connection) => sql`
  run_id as "runId", strategy, floor(date_part('epoch', created_at) * 1000) as "createdAtMs",
  artifact_sha256 as "artifactSha256", coalesce(policy ->> 'policy_version', '') as "policyVersion",
  coalesce(manifest -> 'metrics', '{}') as metrics`;

/** A run id begins with its time. */
async function newestRuns(sql: Connection, limit: number): Promise<readonly RunSummary[]> {
  return sql<RunSummary[]>`select ${columns(sql)} from model_run order by run_id desc limit ${limit}::int`;
}

async function findRuns(sql: Connection, runIds: readonly string[]): Promise<readonly RunSummary[]> {
  return sql<RunSummary[]>`
    select ${columns(sql)} from model_run where run_id = any (${textArray(runIds)}::text[])`;
}

async function policyOf(sql: Connection, runId: string): Promise<Record<string, unknown> | null> {
  const [row] = await sql<{ policy: Record<string, unknown> }[]>`
    select policy from model_run where run_id = ${runId}`;
  return row?.policy ?? null;
}
