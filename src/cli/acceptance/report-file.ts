/** Leaves a report for other programs: whole under its name, or not at all. */

import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { asError } from "../../core/errors.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";

export const reportText = (report: unknown): string => JSON.stringify(report, null, 2);

/** Writes nothing when `path` is empty. Throws CommandError. */
export function writeReport(path: string, report: unknown): void {
  if (path === "") return;
  const text = `${reportText(report)}\n`;
  try {
    if (isSpecial(path)) writeFileSync(path, text);
    else replace(path, text);
  } catch (error) {
    const message = `the report cannot be written: ${asError(error).message}`;
    throw new CommandError(EXIT_FAILED, message, { cause: error });
  }
}

/** Such as /dev/null or a pipe: a rename would put a file in its place. */
function isSpecial(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile();
}

function replace(path: string, text: string): void {
  const draft = `${path}.${process.pid}.part`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}
