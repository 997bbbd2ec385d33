/** Writes the doctor's report for people. */

import { hangingText } from "../text-table.ts";
import type { Status } from "./check.ts";
import type { DoctorReport } from "./examine.ts";

/** A failure must be found at a glance. */
const SIGNS: Readonly<Record<Status, string>> = { pass: "  ok  ", warn: "  WARN", fail: "  FAIL" };

export function describeReport({ checks, summary }: DoctorReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ name, status, detail }) =>
    hangingText(`${SIGNS[status]}  ${name.padEnd(width)}  `, detail),
  );
  const { passed, failed, warned } = summary;
  return [...lines, "", `${passed} passed, ${warned} warned, ${failed} failed`].join("\n");
}
