/** `bun tests/simulation/run.ts [--seeds 500] [--from 1] [--trace]`: runs seeds and tells which fail. */

import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";
import { SITUATIONS } from "./situations.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "500" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const seen = new Map<string, number>();
let failed = 0;
let slowestMs = 0;
let steps = 0;
let lastTrace = "";
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = simulate(seed, { print: values.trace ? (line) => console.log(line) : null });
  for (const situation of outcome.situations) seen.set(situation, (seen.get(situation) ?? 0) + 1);
  slowestMs = Math.max(slowestMs, outcome.drainedInMs);
  steps += outcome.steps;
  lastTrace = outcome.traceHash;
  if (outcome.violation === null) continue;
  failed++;
  const { invariant, text } = outcome.violation;
  console.log(`seed ${seed}: ${invariant}: ${text}`);
  console.log(`  again: bun tests/simulation/run.ts --from ${seed} --seeds 1 --trace`);
}
for (const situation of SITUATIONS) {
  console.log(`${String(seen.get(situation) ?? 0).padStart(6)}  ${situation}`);
}
const summary = `${failed} failed; ${steps} steps; slowest drain ${Math.round(slowestMs)} ms`;
console.log(`${seeds} seeds from ${from}: ${summary}; last trace ${lastTrace}`);
process.exitCode = failed > 0 ? 1 : 0;
