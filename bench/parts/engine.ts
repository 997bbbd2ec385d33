/** The engine alone: the fast implementation of `rules-v1` against the literal one, in a process of their own. */

import { join } from "node:path";
import { figure } from "../support/figure.ts";
import type { PartResult } from "../support/part.ts";

const PROGRAM = join(import.meta.dir, "..", "rules-v1.ts");

interface Measured {
  readonly literal_us: number;
  readonly fast_us: number;
}

export async function engine(): Promise<PartResult> {
  const child = Bun.spawn([process.execPath, PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
  const measured = (await new Response(child.stdout).json()) as Measured;
  if ((await child.exited) !== 0) throw new Error("the engine's bench failed");
  const samples = [{ value: measured.fast_us, reference: measured.literal_us }];
  return {
    figures: [figure("rules-v1 over 10,000 items, in a loop", "µs", "written literally", samples)],
    rounds: [measured],
    refused: [],
  };
}
