/** A process that runs one embedded server for a test process, and removes it with its folder when that one ends. */

import { rmSync } from "node:fs";
import { systemClock } from "../../src/core/clock.ts";
import { prepareEmbedded, startEmbedded } from "../../src/stores/postgres/embedded.ts";

const [dataDir = "", durability = "fast"] = process.argv.slice(2);

const address = await prepareEmbedded(dataDir);
const server = await startEmbedded({ ...address, durable: durability === "durable" });

async function end() {
  await server.stop(durability === "durable" ? 3_000 : 0);
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(0);
}

// The pipe closes when the test process ends, however it ends.
process.stdin.on("end", end).on("close", end).resume();
process.on("SIGTERM", end);
void server.exited.then(async () => {
  await systemClock.sleep(100);
  process.exit(1);
});
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`);
