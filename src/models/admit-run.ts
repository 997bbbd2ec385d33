/** Lets a run into the registry that was not trained here: copied to its place, whole, before a row names it. */

import { isDeepStrictEqual } from "node:util";
import type { Deadline } from "../core/deadline.ts";
import { err, ok, type Result } from "../core/result.ts";
import { failedGate } from "./gates.ts";
import type { RunFolders, RunStore, StagedRun } from "./ports.ts";
import type { RegistryProblem } from "./registry.ts";
import { BUNDLE_FILE } from "./run-documents.ts";

export const RUN_ID = /^\d{8}_\d{6}$/;

export interface AdmitPorts {
  readonly runs: RunStore;
  readonly folders: RunFolders;
}

/**
 * Answers the run's id. A run that the registry knows is that run, and its files come back where they were lost; another run of the same
 * name is refused.
 */
export async function admitRun(
  ports: AdmitPorts,
  source: string,
  deadline: Deadline,
): Promise<Result<string, RegistryProblem>> {
  const { runs, folders } = ports;
  const read = await folders.read(source, deadline);
  if (read === null) return err({ kind: "invalid_source" });
  if (typeof read === "string") return refused(read);
  const { runId, policy, artifactSha256 } = read;
  if (!RUN_ID.test(runId)) return refused(`Policy is not usable: run_id must look like 20260101_023000`);
  const failed = failedGate(read);
  if (failed !== null || artifactSha256 === null) return refused(failed ?? "Model artifact missing");
  if (!(await isKnown(ports, read, deadline))) {
    await folders.adopt(read, deadline);
    const registered = { ...read, artifactSha256, artifactUri: `runs/${runId}/${BUNDLE_FILE}` };
    await runs.register(registered, deadline);
  }
  const known = (await runs.policies([runId], deadline)).get(runId);
  const evidence = await runs.evidence(runId, deadline);
  if (!isDeepStrictEqual(known, policy) || evidence?.artifactSha256 !== artifactSha256) {
    return refused(`Run ${runId} is registered with other files`);
  }
  return ok(runId);
}

const refused = (message: string): Result<string, RegistryProblem> => err({ kind: "gate", message });

/** With all its files. */
async function isKnown(
  { runs, folders }: AdmitPorts,
  staged: StagedRun,
  deadline: Deadline,
): Promise<boolean> {
  const [known] = await runs.find([staged.runId], deadline);
  if (known === undefined) return false;
  if (known.artifactSha256 !== staged.artifactSha256) return true;
  const evidence = await runs.evidence(staged.runId, deadline);
  if (evidence?.artifactSha256 !== known.artifactSha256) await folders.adopt(staged, deadline);
  return true;
}
