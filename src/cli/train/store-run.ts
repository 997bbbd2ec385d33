/** Keeps a trained model as a run: its files in the data folder, its documents among the reports, its row in the registry. */

import type { Deadline } from "../../core/deadline.ts";
import { sha256 } from "../../models/bundle.ts";
import { encodeModel, servedPart } from "../../models/model-file.ts";
import { BUNDLE_FILE, type DataRange, runDocuments } from "../../models/run-documents.ts";
import type { Trained } from "../../models/train.ts";
import { type TrainingLog, userCount } from "../../models/training-log.ts";
import { mirrorDocuments, writeRun } from "../../stores/files/run-folder.ts";
import { insertModelRun } from "../../stores/postgres/model-runs.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";

export interface StoredRun {
  readonly trained: Trained;
  readonly data: DataRange;
  readonly dataDir: string;
  /** Folder for the documents, which is there. */
  readonly reports: string;
  readonly nowMs: number;
}

/** Answers the folder of the run. The files come first: a row never names what is not there. */
export async function storeRun(
  pool: Pool,
  { trained, data, dataDir, reports, nowMs }: StoredRun,
  deadline: Deadline,
): Promise<string> {
  const { runId, strategy } = trained.model;
  const bundle = encodeModel(servedPart(trained.model));
  const documents = runDocuments(trained, bundle, data, nowMs);
  const folder = await writeRun(dataDir, runId, bundle, documents);
  await mirrorDocuments(reports, documents);
  await insertModelRun(
    pool,
    {
      runId,
      strategy,
      artifactUri: `runs/${runId}/${BUNDLE_FILE}`,
      artifactSha256: sha256(bundle),
      manifest: documents.get("manifest.json") as object,
      policy: documents.get("decision_policy.json") as object,
    },
    deadline,
  );
  return folder;
}

export function rangeOf(log: TrainingLog): Omit<DataRange, "watermark" | "leftOut"> {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const tsMs of log.tsMs) {
    fromMs = Math.min(fromMs, tsMs);
    toMs = Math.max(toMs, tsMs);
  }
  return { events: log.items.length, users: userCount(log), items: log.itemIds.length, fromMs, toMs };
}
