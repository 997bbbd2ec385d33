/** Writes the report of an evaluation as JSON, as a page and as a chart. */

import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { asChart } from "../../evaluation/chart.ts";
import type { EvaluationReport } from "../../evaluation/report.ts";
import { asMarkdown } from "../../evaluation/tables.ts";

/** Answers the path of the JSON, which is written last: where it stands the other two do. */
export async function writeReport(
  folder: string,
  report: EvaluationReport,
  settingsTried: number,
): Promise<string> {
  await writeWhole(join(folder, "evaluation.svg"), asChart(report));
  await writeWhole(join(folder, "evaluation.md"), asMarkdown(report, settingsTried));
  const path = join(folder, "evaluation.json");
  await writeWhole(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

/** A reader sees the old file or the new one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.part`;
  {
    await using file = await open(draft, "w");
    await file.writeFile(text);
    await file.sync();
  }
  await rename(draft, path);
}
