/** `npm run bench [-- part ...]`: measures, prints a table, and keeps everything measured in bench/out. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { autolog } from "./parts/autolog.ts";
import { backlog } from "./parts/backlog.ts";
import { consumer } from "./parts/consumer.ts";
import { engine } from "./parts/engine.ts";
import { freshness } from "./parts/freshness.ts";
import { ingest } from "./parts/ingest.ts";
import { kafka } from "./parts/kafka.ts";
import { large } from "./parts/large.ts";
import { loop } from "./parts/loop.ts";
import { memory } from "./parts/memory.ts";
import { relay } from "./parts/relay.ts";
import { serving, servingTrained } from "./parts/serving.ts";
import { start } from "./parts/start.ts";
import { swap } from "./parts/swap.ts";
import { printFigures } from "./support/figure.ts";
import type { Part } from "./support/part.ts";
import { NOOP_BUSY, noopBusy } from "./support/quiet.ts";

const PARTS: Readonly<Record<string, Part>> = {
  engine,
  serving,
  trained: servingTrained,
  ingest,
  autolog,
  kafka,
  relay,
  consumer,
  loop,
  backlog,
  freshness,
  start,
  memory,
  swap,
  large,
};
const OUT = join(import.meta.dir, "out");
const EXIT_USAGE = 64;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    only: { type: "string" },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
const unknown = names.filter((name) => !(name in PARTS));
if (unknown.length > 0 || process.platform !== "linux") {
  console.error(
    unknown.length > 0
      ? `unknown part ${unknown.join(", ")}; there are: ${Object.keys(PARTS).join(", ")}`
      : "the bench reads CPU time and memory from /proc, which only Linux has",
  );
  process.exit(EXIT_USAGE);
}
const options = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  only: values.only === undefined ? null : new Set(values.only.split(",")),
};
mkdirSync(OUT, { recursive: true });
for (const name of names) {
  const machine = describeMachine();
  console.error(`${name} …`);
  const busyBefore = await noopBusy();
  const { figures, rounds, refused: refusedByPart } = await (PARTS[name] as Part)(options);
  const busy = Math.min(busyBefore, await noopBusy());
  const loud = `the machine is not quiet: a server that does nothing was ${busy.toFixed(2)} busy`;
  const refused = busy < NOOP_BUSY ? [...refusedByPart, loud] : refusedByPart;
  const path = join(OUT, `${name}-${new Date().toISOString().replaceAll(":", "")}.json`);
  writeFileSync(
    path,
    JSON.stringify(
      { part: name, machine, options: values, noopBusy: busy, figures, refused, rounds },
      null,
      1,
    ),
  );
  printFigures(figures);
  console.log(path);
  for (const reason of refused) console.error(`REFUSED: ${reason}`);
  if (refused.length > 0) process.exitCode = 1;
}

function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: readFileSync("/proc/version", "utf8").split(" ").slice(0, 3).join(" "),
    bun: Bun.version,
    loadBefore: loadavg(),
  };
}
