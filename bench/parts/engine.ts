/** The engine alone: the fast implementations of the policies against the literal ones, each in a process of its own. */

import { join } from "node:path";
import { type Figure, figure } from "../support/figure.ts";
import type { PartResult } from "../support/part.ts";

const POLICIES = ["rules-v1", "stream-v1"] as const;

interface Measured {
  readonly literal_us: number;
  readonly fast_us: number;
}

export async function engine(): Promise<PartResult> {
  const figures: Figure[] = [];
  const rounds: Measured[] = [];
  for (const policy of POLICIES) {
    const measured = await run(join(import.meta.dir, "..", `${policy}.ts`));
    const samples = [{ value: measured.fast_us, reference: measured.literal_us }];
    figures.push(figure(`${policy} over 10,000 items, in a loop`, "µs", "written literally", samples));
    rounds.push(measured);
  }
  return { figures, rounds, refused: [] };
}

async function run(program: string): Promise<Measured> {
  const child = Bun.spawn([process.execPath, program], { stdio: ["ignore", "pipe", "inherit"] });
  const measured = (await new Response(child.stdout).json()) as Measured;
  if ((await child.exited) !== 0) throw new Error("the engine's bench failed");
  return measured;
}
