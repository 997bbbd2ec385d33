/** The documentation of the variables is that of the table. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { renderExample, renderMatrix } from "../../../scripts/env-matrix.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { VARIABLES } from "../../../src/config/schema.ts";

const ROOT = join(import.meta.dir, "../../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("documentation of the environment", () => {
  test("docs/env-matrix.md is what the table renders", () => {
    expect(read("docs/env-matrix.md")).toBe(renderMatrix());
  });

  test(".env.example is what the table renders", () => {
    expect(read(".env.example")).toBe(renderExample());
  });

  test("uncommented, the example holds every variable and is valid in development", () => {
    const file = parseEnv(read(".env.example").replace(/^#(?=[A-Z])/gm, ""));
    expect(Object.keys(file).sort()).toEqual(Object.keys(VARIABLES).sort());
    const loaded = loadConfig({ env: {}, file: { ...file, APP_ENV: "dev" } });
    expect(loaded.ok && loaded.value.warnings).toEqual([]);
  });

  test("uncommented, the example's secrets are refused in production", () => {
    const file = parseEnv(read(".env.example").replace(/^#(?=[A-Z])/gm, ""));
    const loaded = loadConfig({ env: { APP_ENV: "production" }, file });
    const refused = loaded.ok ? [] : loaded.error.problems.map(({ variable }) => variable);
    expect(new Set(refused)).toEqual(
      new Set([
        "DATABASE_URL",
        "POSTGRES_PASSWORD",
        "DS_API_KEY",
        "DS_ADMIN_KEY",
        "MODEL_RELOAD_TOKEN",
        "KAFKA_SASL_PASSWORD",
      ]),
    );
  });
});
