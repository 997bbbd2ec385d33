/** What checks of an installation look at, and the list of them. */

import type { Config } from "../../config/config.ts";
import type { RuntimeInfo } from "../runtime-file.ts";
import type { Check } from "./check.ts";
import { checkConfluent } from "./confluent.ts";
import { checkDataFolder } from "./data-folder.ts";
import { checkDiskSpace } from "./disk-space.ts";
import { checkEmbeddedBinaries, checkEmbeddedData, checkEmbeddedUser } from "./embedded.ts";
import { checkKafka } from "./kafka.ts";
import { checkMemory } from "./memory.ts";
import { checkApiPort, checkMetricsPort } from "./ports.ts";
import { checkRedis } from "./redis.ts";
import { judgeRetention } from "./retention.ts";

export interface Installation {
  readonly config: Config;
  /** The tree that runs on this data folder. */
  readonly running: RuntimeInfo | null;
}

export const INSTALLATION_CHECKS: readonly Check<Installation>[] = [
  { name: "data_folder", run: ({ config }) => checkDataFolder(config.dataDir) },
  { name: "disk_space", run: ({ config }) => checkDiskSpace(config) },
  { name: "embedded_binaries", run: ({ config }) => checkEmbeddedBinaries(config) },
  { name: "embedded_user", run: ({ config }) => checkEmbeddedUser(config) },
  { name: "embedded_data", run: ({ config }) => checkEmbeddedData(config) },
  { name: "port_http", run: ({ config, running }) => checkApiPort(config, running) },
  { name: "port_metrics", run: ({ config, running }) => checkMetricsPort(config, running) },
  { name: "kafka", run: ({ config }) => checkKafka(config) },
  { name: "kafka_client", run: ({ config }) => checkConfluent(config) },
  { name: "redis", run: ({ config }) => checkRedis(config) },
  { name: "retention", run: ({ config }) => judgeRetention(config) },
  { name: "memory", run: ({ config }) => checkMemory(config) },
];
