/** Runs a command of reco to its end, and tells what it took. */

import { join } from "node:path";

const MAIN = join(import.meta.dir, "..", "..", "src", "cli", "main.ts");

export interface CommandUse {
  readonly seconds: number;
  readonly cpuS: number;
  readonly peakMiB: number;
  /** What it said beside its result. */
  readonly said: readonly string[];
}

/** Throws when the command fails. */
export async function runReco(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandUse> {
  const startedMs = performance.now();
  const child = Bun.spawn([process.execPath, MAIN, ...command], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`reco ${command.join(" ")} failed: ${said}`);
  const use = child.resourceUsage();
  return {
    seconds: (performance.now() - startedMs) / 1_000,
    cpuS: Number(use?.cpuTime.total ?? 0) / 1e6,
    peakMiB: (use?.maxRSS ?? 0) / 2 ** 20,
    said: said.split("\n"),
  };
}
