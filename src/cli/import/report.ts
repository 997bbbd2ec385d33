/** Says what an import did, for people and for scripts. */

import type { FileResult } from "./import-files.ts";
import type { ImportCounts } from "./import-run.ts";

const COUNTED = ["read", "inserted", "duplicates", "rejected", "resumed"] as const;

/** One object: the counts of all files, and those of each. */
export function describeAsJson(results: readonly FileResult[], dryRun: boolean): string {
  const total: ImportCounts = { read: 0, inserted: 0, duplicates: 0, rejected: 0, resumed: 0 };
  for (const { counts } of results) for (const name of COUNTED) total[name] += counts[name];
  const files = results.map(({ file, kind, end, counts, firstReject, rejectsFile }) => ({
    file,
    kind,
    end,
    ...counts,
    first_reject: firstReject,
    rejects_file: counts.rejected > 0 ? rejectsFile : null,
  }));
  return JSON.stringify({ dry_run: dryRun, ...total, files });
}

/** A line for each file, and what to do about refused lines and a run that was broken off. */
export function describeForPeople(results: readonly FileResult[], dryRun: boolean): string {
  return results.flatMap((result) => [summary(result, dryRun), ...advice(result, dryRun)]).join("\n");
}

function summary({ file, kind, counts }: FileResult, dryRun: boolean): string {
  const { read, inserted, duplicates, rejected, resumed } = counts;
  const known = kind === "items" ? "replaced" : "known before";
  const parts = [
    ...(dryRun ? ["nothing stored (dry run)"] : [`${inserted} new`, `${duplicates} ${known}`]),
    `${rejected} refused`,
    ...(resumed > 0 ? [`${resumed} done by an earlier run`] : []),
  ];
  return `${file}: ${read} ${kind}: ${parts.join(", ")}`;
}

function advice({ end, firstReject, counts, rejectsFile }: FileResult, dryRun: boolean): string[] {
  return [
    ...(firstReject ? [`  line ${firstReject.line}: ${firstReject.reason}`] : []),
    ...(counts.rejected > 0 ? [`  refused lines are in ${rejectsFile}`] : []),
    ...(end === "refused" ? ["  stopped there; --continue-on-error goes on after refused lines"] : []),
    ...(end === "interrupted" && !dryRun ? ["  interrupted; the same command goes on from there"] : []),
  ];
}
