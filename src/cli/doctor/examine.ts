/** Runs every check that applies and adds the results up. */

import type { LoadedConfig } from "../../config/load.ts";
import type { ConfigFailure } from "../../config/problem.ts";
import { asError } from "../../core/errors.ts";
import type { Result } from "../../core/result.ts";
import { type RuntimeInfo, readRuntimeFile } from "../runtime-file.ts";
import { type Finding, fail, runChecks, type Status } from "./check.ts";
import { judgeConfiguration } from "./configuration.ts";
import { INSTALLATION_CHECKS, type Installation } from "./installation.ts";
import { MACHINE_CHECKS, readMachine } from "./machine.ts";
import { askStore } from "./store.ts";
import { STORE_CHECKS } from "./store-checks.ts";

export interface DoctorReport {
  readonly checks: readonly Finding[];
  readonly summary: { readonly passed: number; readonly failed: number; readonly warned: number };
}

/** Changes nothing. What depends on a configuration that is not valid is left out. */
export async function examine(loaded: Result<LoadedConfig, ConfigFailure>): Promise<DoctorReport> {
  const [machine, installation] = await Promise.all([
    runChecks(MACHINE_CHECKS, readMachine()),
    loaded.ok ? examineInstallation(loaded.value) : [],
  ]);
  return summarise([...machine, ...judgeConfiguration(loaded), ...installation]);
}

async function examineInstallation({ config }: LoadedConfig): Promise<readonly Finding[]> {
  const { running, findings } = readRunning(config.dataDir);
  const installation: Installation = { config, running };
  // One after the other: unpacking the embedded server would make a database that answers look slow.
  const store = await askStore(installation);
  const local = await runChecks(INSTALLATION_CHECKS, installation);
  const judged = store.facts ? await runChecks(STORE_CHECKS, store.facts) : [];
  return [...findings, ...local, store.reached, ...judged];
}

function readRunning(dataDir: string): { running: RuntimeInfo | null; findings: Finding[] } {
  try {
    return { running: readRuntimeFile(dataDir), findings: [] };
  } catch (error) {
    return { running: null, findings: [{ name: "running_tree", ...fail(asError(error).message) }] };
  }
}

export function summarise(checks: readonly Finding[]): DoctorReport {
  const count = (wanted: Status) => checks.filter(({ status }) => status === wanted).length;
  return { checks, summary: { passed: count("pass"), failed: count("fail"), warned: count("warn") } };
}
