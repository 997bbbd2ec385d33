/** What commands need to know of the environment to find a server or its database, without all that a tree needs. */

import { resolve } from "node:path";
import { type ConfigSources, parseValues } from "./parse-values.ts";

export interface CommandSettings {
  /** Replaces a command's own default; null: not set. */
  readonly baseUrl: string | null;
  /** The key to show; of several accepted ones the first. */
  readonly apiKey: string | null;
  /** Null: the embedded server. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
}

/** Neither refuses nor warns: settings of a server are its own affair when a command only talks to it. */
export function commandSettings(sources: ConfigSources): CommandSettings {
  const { RECO_BASE_URL, RECO_API_KEY, DATABASE_URL, RECO_DATA_DIR } = parseValues(sources).values;
  const [apiKey] = (RECO_API_KEY ?? "").split(",").map((key) => key.trim());
  return {
    baseUrl: RECO_BASE_URL,
    apiKey: apiKey || null,
    databaseUrl: DATABASE_URL,
    dataDir: resolve(RECO_DATA_DIR),
  };
}
