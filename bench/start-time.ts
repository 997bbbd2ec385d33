/**
 * `bun bench/start-time.ts`: how long the sources and the compiled program take from the command to the first answer,
 * on an empty data folder and on one that is there. Rounds alternate, so that both meet the same machine.
 */

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../tests/support/ports.ts";
import { FORMS, type Form, program } from "../tests/support/program.ts";

const ROUNDS = 5;
const POLL_MS = 2;
const GIVE_UP_MS = 60_000;

interface StartTimes {
  readonly readyMs: number;
  readonly recoMs: number;
}

const starts: { form: Form; start: "first" | "second"; times: StartTimes }[] = [];
for (const form of FORMS) program(form); // Builds what is not measured.
for (let round = 0; round < ROUNDS; round++) {
  for (const form of round % 2 === 0 ? FORMS : FORMS.toReversed()) {
    const dataDir = mkdtempSync(join(tmpdir(), "reco-bench-"));
    for (const start of ["first", "second"] as const) {
      starts.push({ form, start, times: await timeStart(form, dataDir) });
    }
    rmSync(dataDir, { recursive: true });
  }
}
const [path = ""] = program("binary");
console.log(
  `binary: ${Math.round(statSync(path).size / 1e6)} MB; median (least to most) of ${ROUNDS}, in ms`,
);
console.table(
  (["first", "second"] as const).flatMap((start) =>
    FORMS.map((form) => {
      const times = starts.filter((one) => one.form === form && one.start === start).map((one) => one.times);
      const readyz = summary(times.map(({ readyMs }) => readyMs));
      return { start, form, readyz, reco: summary(times.map(({ recoMs }) => recoMs)) };
    }),
  ),
);

function summary(values: readonly number[]): string {
  const sorted = values.map(Math.round).toSorted((a, b) => a - b);
  return `${sorted[sorted.length >> 1]} (${sorted[0]} to ${sorted.at(-1)})`;
}

async function timeStart(form: Form, dataDir: string): Promise<StartTimes> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const startedMs = performance.now();
  const child = Bun.spawn([...program(form), "serve"], {
    cwd: dataDir,
    env: {
      ...{ PATH: process.env["PATH"] ?? "", RECO_DATA_DIR: dataDir, LOG_LEVEL: "warn" },
      ...{ PORT: String(port), METRICS_PORT: String(freePort()) },
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ok = async (path: string) => {
    while (!(await answers(`${url}${path}`))) {
      if (child.exitCode !== null) throw new Error(`the ${form} ended with ${child.exitCode}`);
      if (performance.now() - startedMs > GIVE_UP_MS) throw new Error(`the ${form} got not ready`);
      await Bun.sleep(POLL_MS);
    }
    return performance.now() - startedMs;
  };
  try {
    return { readyMs: await ok("/readyz"), recoMs: await ok("/reco?user_id=u&session_id=s") };
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status === 200;
}
