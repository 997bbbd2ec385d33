/** Checks that the embedded server can run here, and that its data was written by the same major version. */

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Config } from "../../config/config.ts";
import { type Binaries, binariesEnv, locateBinaries } from "../../stores/postgres/embedded-binaries.ts";
import { clusterFolder } from "../../stores/postgres/embedded-folder.ts";
import { assertReachable, chooseRunAs } from "../../stores/postgres/embedded-user.ts";
import { readIfPresent } from "../../stores/postgres/process-identity.ts";
import { fail, pass, type Verdict } from "./check.ts";
import { nearestExisting } from "./nearest-folder.ts";

const RUN_TIMEOUT_MS = 5_000;

/** Runs the server program for its version; no server is started and no data is made. */
export async function checkEmbeddedBinaries({ database, dataDir }: Config): Promise<Verdict | null> {
  if (database.url !== null) return null;
  const { version } = locateBinaries(dataDir);
  return existsSync(join(dataDir, `pg-${version}`)) ? tryBinaries(locateBinaries(dataDir)) : tryAside();
}

/** What a first start would put into the data folder goes elsewhere: a check leaves nothing behind. */
async function tryAside(): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), "reco-doctor-"));
  try {
    const binaries = locateBinaries(folder);
    binaries.install();
    return await tryBinaries(binaries);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryBinaries(binaries: Binaries): Promise<Verdict> {
  try {
    const { stdout } = await promisify(execFile)(join(binaries.binDir, "postgres"), ["--version"], {
      env: binariesEnv(binaries),
      timeout: RUN_TIMEOUT_MS,
    });
    return pass(`${stdout.trim()} runs here`);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    return fail(`the embedded PostgreSQL ${binaries.version} does not run here: ${stderr.trim() || error}`);
  }
}

/** Root hands PostgreSQL to another user, who must get to its files. */
export function checkEmbeddedUser({ database, dataDir }: Config): Verdict | null {
  if (database.url !== null) return null;
  const runAs = chooseRunAs();
  assertReachable(runAs, nearestExisting(dataDir));
  if (runAs.kind === "self") return pass("PostgreSQL runs as this user");
  return pass(
    `PostgreSQL runs as uid ${runAs.uid}${runAs.kind === "namespace" ? " of a user namespace" : ""}`,
  );
}

/** Null where no embedded server has run. */
export function checkEmbeddedData({ database, dataDir }: Config): Verdict | null {
  const written = readIfPresent(join(clusterFolder(dataDir), "PG_VERSION"))?.trim();
  return database.url !== null || written === undefined
    ? null
    : judgeMajor(written, locateBinaries(dataDir).major);
}

export function judgeMajor(written: string, ours: string): Verdict {
  if (written === ours) return pass(`the data was written by PostgreSQL ${written}, as this build brings`);
  return fail(
    `the data was written by PostgreSQL ${written}, this build brings ${ours}: ` +
      "back it up with the old build and restore it with the new one",
  );
}
