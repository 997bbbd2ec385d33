/** `reco healthcheck`: asks a running reco whether it is healthy, for images and process managers. */

import { Command } from "commander";
import { loadCommandSettings } from "../config/environment.ts";
import { formatConfigFailure } from "../config/problem.ts";
import { asError } from "../core/errors.ts";
import { urlOf } from "./address.ts";
import { CommandError, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./exit-codes.ts";
import { probe } from "./http-probe.ts";
import { type RuntimeInfo, readRuntimeFile } from "./runtime-file.ts";

const TIMEOUT_MS = 2_000;

export function healthcheckCommand(): Command {
  return new Command("healthcheck")
    .description("exit 0 when reco answers that it is healthy within 2 s, else 1")
    .option("--url <url>", "what to ask (default: RECO_BASE_URL, else the reco of RECO_DATA_DIR)")
    .action(async (flags: { url?: string }) => {
      process.exitCode = await run(flags.url);
    });
}

async function run(given: string | undefined): Promise<number> {
  const url = given === undefined ? defaultUrl() : healthUrl(given);
  try {
    const { status } = await probe(url, TIMEOUT_MS);
    if (status === 200) {
      console.log(`healthy: ${url}`);
      return EXIT_OK;
    }
    console.error(`not healthy: ${url} answers ${status}`);
  } catch (error) {
    console.error(`not healthy: ${asError(error).message}`);
  }
  return EXIT_FAILED;
}

/** Throws CommandError: whoever asks for health knows two answers. */
function defaultUrl(): string {
  const loaded = loadCommandSettings();
  if (!loaded.ok) throw new CommandError(EXIT_FAILED, formatConfigFailure(loaded.error));
  const { baseUrl, dataDir } = loaded.value;
  if (baseUrl !== null) return healthUrl(baseUrl);
  const running = readRuntimeFile(dataDir);
  if (running === null) throw new CommandError(EXIT_FAILED, `not healthy: no reco runs on ${dataDir}`);
  return urlOfTree(running);
}

/** `given` itself; the health route where it names no path. Throws CommandError. */
export function healthUrl(given: string): string {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new CommandError(EXIT_USAGE, `${JSON.stringify(given)} is not an http URL`);
  }
  const url = new URL(given);
  if (url.pathname === "/") url.pathname = "/healthz";
  // The API takes none, and the URL is printed.
  url.username = "";
  url.password = "";
  return url.href;
}

/** A tree without the API tells of its life on the metrics listener. */
export const urlOfTree = ({ http, metrics }: Pick<RuntimeInfo, "http" | "metrics">): string =>
  http ? urlOf(http, "/healthz") : urlOf(metrics, "/livez");
