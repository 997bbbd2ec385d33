/** Makes what the embedded server needs on disk: folders, password, and the database cluster itself. */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Binaries, binariesEnv } from "./embedded-binaries.ts";
import { EmbeddedServerError } from "./embedded-errors.ts";
import { assertReachable, commandAs, giveTo, protectFolder, type RunAs } from "./embedded-user.ts";
import { readIfPresent } from "./process-identity.ts";

export const DATABASE_USER = "reco";
const INITDB_TIMEOUT_MS = 50_000;

export const clusterFolder = (dataDir: string) => join(dataDir, "postgres");
export const passwordFile = (dataDir: string) => join(dataDir, "secrets", "postgres-password");

/** Creates the data folder and checks that the server may use it. */
export function openDataFolder(dataDir: string, binaries: Binaries, runAs: RunAs): void {
  protectFolder(runAs, dataDir);
  assertReachable(runAs, dataDir);
  assertReachable(runAs, binaries.binDir);
  const written = readIfPresent(join(clusterFolder(dataDir), "PG_VERSION"))?.trim();
  if (written === undefined || written === binaries.major) return;
  throw new EmbeddedServerError(
    "other_major",
    `${clusterFolder(dataDir)} was written by PostgreSQL ${written}, this build brings ${binaries.major}: ` +
      "backup with the old binary, restore with the new",
  );
}

/** The password of this data folder, made on first use and readable by its owner only. */
export function readOrMakePassword(dataDir: string): string {
  const path = passwordFile(dataDir);
  mkdirSync(join(dataDir, "secrets"), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, randomBytes(24).toString("hex"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(path, "utf8").trim();
}

/** Runs initdb aside and renames its result, so that a kill in the middle leaves no half-made cluster. */
export async function makeCluster(
  dataDir: string,
  binaries: Binaries,
  runAs: RunAs,
  options: { password: string; durable: boolean },
): Promise<void> {
  if (existsSync(clusterFolder(dataDir))) return giveTo(runAs, clusterFolder(dataDir));
  for (const name of readdirSync(dataDir)) {
    if (name.startsWith("postgres.init-")) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  const draft = join(dataDir, `postgres.init-${process.pid}`);
  const handedPassword = `${draft}.password`;
  writeFileSync(handedPassword, options.password, { mode: 0o600 });
  mkdirSync(draft, { mode: 0o700 });
  giveTo(runAs, handedPassword);
  giveTo(runAs, draft);
  try {
    await runInitdb(draft, handedPassword, binaries, runAs, options.durable);
    chmodSync(draft, 0o700);
    renameSync(draft, clusterFolder(dataDir));
  } finally {
    rmSync(handedPassword, { force: true });
  }
}

async function runInitdb(folder: string, pwfile: string, binaries: Binaries, runAs: RunAs, durable: boolean) {
  const command = commandAs(
    runAs,
    join(binaries.binDir, "initdb"),
    [
      ...["-D", folder, "--username", DATABASE_USER, "--pwfile", pwfile, "--auth", "scram-sha-256"],
      ...["--encoding=UTF8", "--locale=C", "--no-instructions", ...(durable ? [] : ["--no-sync"])],
    ],
    true,
  );
  try {
    await promisify(execFile)(command.file, [...command.args], {
      cwd: folder,
      env: binariesEnv(binaries),
      timeout: INITDB_TIMEOUT_MS,
      ...(command.uid === undefined ? {} : { uid: command.uid, gid: command.gid }),
    });
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    throw new EmbeddedServerError("start_failed", `initdb failed: ${stderr?.trim() || String(cause)}`, {
      cause,
    });
  }
}
