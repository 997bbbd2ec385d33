/** The registry's row of a training run. */

import type { Deadline } from "../../core/deadline.ts";
import type { Pool } from "./pool-types.ts";

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
