/** `npm start`: sets up everything, runs the tree on the embedded default, and loads real films on the first start. */

import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBun, installDependencies, root, spawnForeground } from "./bun-runtime.mjs";

const READY_TIMEOUT_MS = 90_000;
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
const { child: server, ended } = spawnForeground(bun, [main, "serve", ...process.argv.slice(2)], { env });

if (await ready()) {
  const marker = join(process.env.RECO_DATA_DIR ?? join(process.cwd(), ".reco"), "films-imported");
  if (existsSync(marker) || (await importFilms())) {
    writeFileSync(marker, "");
    introduce();
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

function introduce() {
  console.log(`
reco is ready on ${url}   (API: ${url}/docs, stop: Ctrl-C)
It serves by policy ${env.RECO_DEFAULT_POLICY}: the next films of people with the same last films, and what is popular.

1. What to show user 1, with titles and the reason for each film:
   curl -s '${url}/reco?user_id=1&session_id=demo&k=5&details=true'

2. A newcomer watches Toy Story ...
   curl -s ${url}/event -H 'content-type: application/json' -d "{\\"user_id\\":\\"me\\",\\"item_id\\":\\"1\\",\\"event_type\\":\\"click\\",\\"ts\\":$(date +%s)}"

3. ... and the next answer knows it:
   curl -s '${url}/reco?user_id=me&session_id=demo&k=5&details=true'
`);
}
