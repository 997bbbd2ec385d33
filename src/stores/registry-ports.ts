/** Joins what the registry of models needs: rows in PostgreSQL, runs in folders, and files that show both. */

import { shownRuns } from "../models/policy-mirrors.ts";
import type { RegistryPorts } from "../models/registry.ts";
import { writeDocument, writeMirrors } from "./files/policy-mirrors.ts";
import { hashRunBundle } from "./files/run-folder.ts";
import { runFolders } from "./files/staged-runs.ts";
import { createRunStore } from "./postgres/model-runs.ts";
import type { Pool } from "./postgres/pool-types.ts";
import { createRegistryStore } from "./postgres/registry-store.ts";

export interface RegistryPlaces {
  readonly pool: Pool;
  readonly dataDir: string;
  readonly modelsDir: string;
  readonly reportsDir: string;
  /** Names drafts of files: no two living writers may share it. */
  readonly writerId: string;
}

export function registryPorts(places: RegistryPlaces): Omit<RegistryPorts, "clock" | "mirrorsFailed"> {
  const { pool, dataDir, modelsDir, reportsDir, writerId } = places;
  return {
    store: createRegistryStore(pool),
    runs: createRunStore(pool, (runId) => hashRunBundle(dataDir, runId)),
    folders: runFolders({ modelsDir, dataDir }),
    mirrors: {
      write: (files) => writeMirrors(reportsDir, files, writerId),
      writeRuns: (runs) => writeDocument(modelsDir, "model_registry.json", shownRuns(runs), writerId),
    },
  };
}
