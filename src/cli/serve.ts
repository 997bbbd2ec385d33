/** `reco serve`: runs the supervised tree until a signal, or until the supervisor gives up. */

import { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { describeTree } from "../actors/tree.ts";
import type { Config } from "../config/config.ts";
import type { LoadedConfig } from "../config/load.ts";
import { systemClock } from "../core/clock.ts";
import { systemRandom } from "../core/random.ts";
import { type EmbeddedAddress, prepareEmbedded } from "../stores/postgres/embedded.ts";
import { EmbeddedServerError } from "../stores/postgres/embedded-errors.ts";
import { checkSupervisorSpec } from "../supervisor/spec-check.ts";
import { Supervisor, TreeEndedError } from "../supervisor/supervisor.ts";
import { createLogger } from "../telemetry/create-logger.ts";
import { openLogOutput } from "../telemetry/log-output.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Address } from "./address.ts";
import { loadedOrExit } from "./configuration.ts";
import { whyNoConfluent } from "./confluent-probe.ts";
import { CommandError, EXIT_CONFIG } from "./exit-codes.ts";
import { whyNotListen } from "./port-probe.ts";
import { realmOptions } from "./realm-entry.ts";
import { removeRuntimeFile, writeRuntimeFile } from "./runtime-file.ts";

const LOG_FLUSH_MS = 1_000;
/** Enough for a Node that starts on a loaded machine. */
const CLIENT_PROBE_MS = 15_000;

interface ServeFlags {
  readonly roles?: string;
  readonly host?: string;
  readonly port?: string;
  readonly workers?: string;
}

export function serveCommand(): Command {
  return new Command("serve")
    .description("run reco; Ctrl-C stops it in order")
    .option("--roles <list>", "roles of this tree, e.g. http,relay (default: all)")
    .option("--host <address>", "address to listen on")
    .option("--port <number>", "port to listen on")
    .option("--workers <number>", "http workers that share the port")
    .action(async (flags: ServeFlags) => {
      process.exitCode = await serve(flags);
    });
}

async function serve(flags: ServeFlags): Promise<number> {
  const loaded = loadedOrExit({
    RECO_ROLES: flags.roles,
    HOST: flags.host,
    PORT: flags.port,
    HTTP_WORKERS: flags.workers,
  });
  const { config } = loaded;
  if (config.roles.includes("http")) await refuseTakenPort(config.http);
  await refuseMissingClient(config);
  const embedded = config.database.url === null ? await prepare(config.dataDir) : null;
  const output = openLogOutput(() => {}); // Lost lines of the root are not counted: it holds no metrics.
  const log = createLogger({
    format: config.log.format,
    level: config.log.level,
    environment: config.environment,
    component: "supervisor",
    name: "root",
    clock: systemClock,
    output,
  });
  log.info({ settings: describeSettings(loaded) }, "config.loaded");
  for (const warning of loaded.warnings) log.warn(warning, "config.warning");
  try {
    return await runTree(config, embedded, log);
  } finally {
    await output.close(LOG_FLUSH_MS);
  }
}

/** Answers the exit code of the tree. */
async function runTree(config: Config, embedded: EmbeddedAddress | null, log: Logger): Promise<number> {
  const databaseUrl = embedded?.url ?? config.database.url ?? "";
  const store = embedded && { dataDir: embedded.dataDir, port: embedded.port };
  const realm = realmOptions();
  const spec = describeTree(config, databaseUrl, store, String(realm.threadEntry));
  const problems = checkSupervisorSpec(spec);
  if (problems.length > 0) throw new CommandError(EXIT_CONFIG, problems.join("\n"));
  const supervisor = new Supervisor({
    spec,
    realm,
    clock: systemClock,
    random: systemRandom,
    log,
    onStatus: (actors) =>
      writeRuntimeFile(config.dataDir, {
        version: manifest.version,
        pid: process.pid,
        roles: config.roles,
        http: config.roles.includes("http") ? { host: config.http.host, port: config.http.port } : null,
        metrics: { host: config.metrics.host, port: config.metrics.port },
        storePort: store?.port ?? null,
        actors,
        writtenAtMs: systemClock.nowMs(),
      }),
  });
  const release = handleSignals(supervisor);
  log.info(
    { version: manifest.version, roles: config.roles, environment: config.environment },
    "tree.starting",
  );
  try {
    await supervisor.start();
  } catch (error) {
    if (!(error instanceof TreeEndedError)) throw error;
  }
  const end = await supervisor.exited;
  release();
  removeRuntimeFile(config.dataDir, process.pid);
  if (end.code !== 0) console.error(`reco ended: ${end.reasons.join("; ")}`);
  return end.code;
}

/** The first signal begins the ordered stop, a second one ends everything at once. */
function handleSignals(supervisor: Supervisor): () => void {
  let signalled = false;
  const handle = (signal: NodeJS.Signals) => {
    if (signalled) return supervisor.kill();
    signalled = true;
    return supervisor.stop(signal);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, handle);
  return () => {
    for (const signal of signals) process.off(signal, handle);
  };
}

/** Workers share their socket, so a second tree on the same port would silently share it as well. */
async function refuseTakenPort({ host, port }: Address): Promise<void> {
  const problem = await whyNotListen({ host, port });
  if (problem !== null) throw new CommandError(EXIT_CONFIG, `cannot listen on ${host}:${port} (${problem})`);
}

/** The tree would try again for ever what only an installation can mend. */
async function refuseMissingClient({ kafka, roles }: Config): Promise<void> {
  if (kafka?.driver !== "confluent" || !(roles.includes("relay") || roles.includes("consumer"))) return;
  const problem = await whyNoConfluent(CLIENT_PROBE_MS);
  if (problem !== null) throw new CommandError(EXIT_CONFIG, problem);
}

async function prepare(dataDir: string): Promise<EmbeddedAddress> {
  try {
    return await prepareEmbedded(dataDir);
  } catch (error) {
    if (!(error instanceof EmbeddedServerError)) throw error;
    throw new CommandError(EXIT_CONFIG, error.message, { cause: error });
  }
}

/** What was set, with its source: everything else has its default. */
function describeSettings({ settings }: LoadedConfig): Record<string, string> {
  const set = settings.filter(({ source }) => source !== "default");
  return Object.fromEntries(set.map(({ name, value, source }) => [name, `${value} (${source})`]));
}
