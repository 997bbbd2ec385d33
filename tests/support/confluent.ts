/** Where the tests find Confluent's client, which is no dependency of reco: see deploy/confluent. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childrenOf } from "./freeze.ts";

/** Made by deploy/confluent/install.sh. */
export const CONFLUENT_MODULES = fileURLToPath(new URL("../../.confluent/node_modules", import.meta.url));

/** What the driver lacks on this machine, or null. Where tests may skip nothing, it is an error. */
export function confluentMissing(): string | null {
  const missing = findMissing();
  if (missing !== null && process.env["CI"] === "true") {
    throw new Error(`no Confluent client for the tests: ${missing}`);
  }
  return missing;
}

function findMissing(): string | null {
  if (!Bun.which("node")) return "node is not installed";
  const folder = join(CONFLUENT_MODULES, "@confluentinc", "kafka-javascript");
  return existsSync(folder) ? null : `no ${folder}, see deploy/confluent/install.sh`;
}

/** Lets the children of this process find it. */
export function findConfluent(): void {
  process.env["NODE_PATH"] = CONFLUENT_MODULES;
}

/** The Node processes of this one; the brokers' guards are not among them. */
export const nodeChildren = () =>
  childrenOf(process.pid).filter((pid) => {
    const { stdout } = spawnSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
    return stdout.startsWith("node --input-type=module");
  });
