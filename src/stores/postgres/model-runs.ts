/** The registry's row of a training run. */

import type { Deadline } from "../../core/deadline.ts";
import type { ModelRun, RunStore, RunSummary } from "../../models/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection, Pool } from "./pool-types.ts";

/** A run id names one run for ever: a second one with it is refused by the primary key. */
export function insertModelRun(pool: Pool, run: ModelRun, deadline: Deadline): Promise<void> {
  return pool.use("write", deadline, async (sql) => {
    await insertion(sql, run);
  });
}

const insertion = (sql: Connection, run: ModelRun) => sql`
  insert into model_run (run_id, strategy, artifact_uri, artifact_sha256, manifest, policy)
  values (${run.runId}, ${run.strategy}, ${run.artifactUri}, ${run.artifactSha256},
    ${JSON.stringify(run.manifest)}::text::jsonb, ${JSON.stringify(run.policy)}::text::jsonb)`;

/** `artifactSha256` answers the digest of a run's model file as it lies there now; null when it is gone. */
export function createRunStore(
  pool: Pool,
  artifactSha256: (runId: string) => Promise<string | null>,
): RunStore {
  return {
    list: (limit, deadline) => pool.use("read", deadline, (sql) => newestRuns(sql, limit)),
    find: (runIds, deadline) => pool.use("read", deadline, (sql) => findRuns(sql, runIds)),
    policies: (runIds, deadline) => pool.use("read", deadline, (sql) => policiesOf(sql, runIds)),
    async evidence(runId, deadline) {
      const policy = (await pool.use("read", deadline, (sql) => policiesOf(sql, [runId]))).get(runId);
      return policy ? { policy, artifactSha256: await deadline.race(artifactSha256(runId)) } : null;
    },
    register: (run, deadline) =>
      pool.use("write", deadline, async (sql) => {
        await sql`${insertion(sql, run)} on conflict (run_id) do nothing`;
      }),
  };
}

/** Time of the newest event that a run has learned from, in ms; an unknown run has learned nothing. */
export async function learnedUntil(pool: Pool, runId: string, deadline: Deadline): Promise<number> {
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<{ to: string | null }[]>`
      select manifest -> 'data_range' ->> 'to' as to from model_run where run_id = ${runId}`;
    return row?.to ? Date.parse(row.to) : Number.NEGATIVE_INFINITY;
  });
}

const columns = (sql: Connection) => sql`
  run_id as "runId", strategy, floor(date_part('epoch', created_at) * 1000) as "createdAtMs",
  artifact_uri as "artifactUri", artifact_sha256 as "artifactSha256", coalesce(policy ->> 'policy_version', '') as "policyVersion",
  coalesce(manifest -> 'params', '{}') as params, coalesce(manifest -> 'metrics', '{}') as metrics`;

/** A run id begins with its time. */
async function newestRuns(sql: Connection, limit: number): Promise<readonly RunSummary[]> {
  return sql<RunSummary[]>`select ${columns(sql)} from model_run order by run_id desc limit ${limit}::int`;
}

async function findRuns(sql: Connection, runIds: readonly string[]): Promise<readonly RunSummary[]> {
  return sql<RunSummary[]>`
    select ${columns(sql)} from model_run where run_id = any (${textArray(runIds)}::text[])`;
}

async function policiesOf(
  sql: Connection,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  const rows = await sql<{ runId: string; policy: Record<string, unknown> }[]>`
    select run_id as "runId", policy from model_run where run_id = any (${textArray(runIds)}::text[])`;
  return new Map(rows.map(({ runId, policy }) => [runId, policy]));
}
