/** `npm start`: sets up everything, runs the tree on the embedded default, and loads real films on the first start. */

import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBun, installDependencies, root, spawnForeground } from "./bun-runtime.mjs";

const READY_TIMEOUT_MS = 90_000;
/** A first run takes a minute or two, on a machine that has other things to do longer. */
const TRAINING_TIMEOUT_MS = 1_800_000;
const TRAINING_POLL_MS = 1_000;
const dataset = join(root, "datasets", "ml-latest-small");

const bun = findBun();
installDependencies(bun);
const main = join(root, "src", "cli", "main.ts");

const port = process.env.PORT ?? "8080";
const url = `http://127.0.0.1:${port}`;
// The films were rated between 1996 and 2018: the usual retention would delete them at once.
const env = {
  LOG_LEVEL: "warn",
  LOG_FORMAT: "text",
  FACT_RETENTION_DAYS: "0",
  RECO_DEFAULT_POLICY: "builtin:stream-v1",
  ...process.env,
};
const trains = env.ENABLE_SCHEDULER !== "false" && env.ENABLE_WORKER !== "false";
const { child: server, ended } = spawnForeground(bun, [main, "serve", ...process.argv.slice(2)], { env });

if (await ready()) {
  const marker = join(process.env.RECO_DATA_DIR ?? join(process.cwd(), ".reco"), "films-imported");
  if (existsSync(marker) || (await importFilms())) {
    writeFileSync(marker, "");
    const before = await trainedRun();
    introduce(before);
    if (trains && before === null) await tellOfTraining();
  }
}
process.exitCode = await ended;

async function ready() {
  const giveUpAt = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < giveUpAt && server.exitCode === null) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.status === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (server.exitCode === null) {
    console.error(`reco did not get ready on ${url} within ${READY_TIMEOUT_MS / 1000} s; its log says why`);
    server.kill("SIGTERM");
  }
  return false;
}

/** Repeating it is harmless: the import counts nothing twice and goes on where it was broken off. */
async function importFilms() {
  console.log(
    "\nLoading MovieLens ml-latest-small (see datasets/ml-latest-small/README.txt for its licence)",
  );
  const args = ["import", "--format", "movielens", "--file", dataset];
  const run = spawn(bun, [main, ...args], { stdio: "inherit" });
  const code = await new Promise((resolve) => {
    run.on("exit", (exitCode) => resolve(exitCode ?? 1));
  });
  if (code !== 0)
    console.error("the import failed; reco serves on without the films, `npm start` tries again");
  return code === 0;
}

/** What `path` answers; null when it does not, as with a key. */
async function answered(path) {
  const answer = await fetch(url + path).catch(() => null);
  return answer?.status === 200 ? answer.json() : null;
}

/** The newest trained run, and whether it serves; null while there is none. */
async function trainedRun() {
  const [run] = (await answered("/policy/runs?limit=1"))?.runs ?? [];
  if (run === undefined) return null;
  return { ...run, serves: (await answered("/models"))?.primary.run_id === run.run_id };
}

/** Says what came of the first training, which began by itself. */
async function tellOfTraining() {
  const giveUpAt = Date.now() + TRAINING_TIMEOUT_MS;
  let seenAt = null;
  while (Date.now() < giveUpAt && server.exitCode === null && server.signalCode === null) {
    await new Promise((resolve) => setTimeout(resolve, TRAINING_POLL_MS));
    const run = await trainedRun();
    if (run === null) continue;
    seenAt ??= Date.now();
    // A run that is better serves seconds after it was written down.
    if (!run.serves && Date.now() < seenAt + 30_000) continue;
    return console.log(describeRun(run));
  }
}

function describeRun({ run_id, serves, metrics }) {
  const { evaluation } = metrics;
  const figures = evaluation
    ? `
NDCG@10 of the next film: ${decimals(evaluation.ndcg_at_10)} against ${decimals(evaluation.opponent_ndcg_at_10)} of ${evaluation.opponent}, over ${evaluation.questions} films of ${evaluation.users} users that neither had learned.
The difference is ${decimals(evaluation.diff)}, with 95 % confidence between ${decimals(evaluation.ci_low)} and ${decimals(evaluation.ci_high)}.`
    : "";
  return serves
    ? `
Run ${run_id} was trained from these films and has been promoted: answers come from it now.${figures}
`
    : `
Run ${run_id} was trained from these films and has not been promoted.${figures}
`;
}

function decimals(value) {
  return value.toFixed(4);
}

function introduce(run) {
  const trained = run?.serves
    ? `It serves by run ${run.run_id}, which was trained from these films.`
    : `It serves by policy ${env.RECO_DEFAULT_POLICY}: the next films of people with the same last films, and what is popular.${trains ? "\nA better one is being trained from these films beside it; when it takes over, this terminal says so." : ""}`;
  console.log(`
reco is ready on ${url}   (API: ${url}/docs, stop: Ctrl-C)
${trained}

1. What to show user 1, with titles and the reason for each film:
   curl -s '${url}/reco?user_id=1&session_id=demo&k=5&details=true'

2. A newcomer watches Toy Story ...
   curl -s ${url}/event -H 'content-type: application/json' -d "{\\"user_id\\":\\"me\\",\\"item_id\\":\\"1\\",\\"event_type\\":\\"click\\",\\"ts\\":$(date +%s)}"

3. ... and the next answer knows it:
   curl -s '${url}/reco?user_id=me&session_id=demo&k=5&details=true'
`);
}
