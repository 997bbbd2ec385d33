/** What the process environment, the env file and secret files add up to. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvironment } from "../../../src/config/environment.ts";

describe("readEnvironment", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "reco-env-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test("reads the file that RECO_ENV_FILE names", () => {
    const RECO_ENV_FILE = write("my.env", '# comment\nPORT=1234\nAPI_TITLE="two words"\n');
    const { sources, problems } = readEnvironment({ RECO_ENV_FILE });
    expect(sources.file).toEqual({ PORT: "1234", API_TITLE: "two words" });
    expect(problems).toEqual([]);
  });

  test("a named env file that is missing is a problem", () => {
    const { problems } = readEnvironment({ RECO_ENV_FILE: join(folder, "none") });
    expect(problems.map(({ variable }) => variable)).toEqual(["RECO_ENV_FILE"]);
  });

  test("a secret may stand in a file of its own", () => {
    const DS_API_KEY_FILE = write("key", "s3cret\n");
    const { sources } = readEnvironment({ DS_API_KEY_FILE, RECO_ENV_FILE: write("empty.env", "") });
    expect(sources.env["DS_API_KEY"]).toBe("s3cret");
  });

  test("the secret itself wins over its file", () => {
    const DS_API_KEY_FILE = write("key", "from-file");
    const env = { DS_API_KEY: "direct", DS_API_KEY_FILE, RECO_ENV_FILE: write("empty.env", "") };
    expect(readEnvironment(env).sources.env["DS_API_KEY"]).toBe("direct");
  });

  test("a secret file that cannot be read is a problem", () => {
    const env = { DATABASE_URL_FILE: join(folder, "none"), RECO_ENV_FILE: write("empty.env", "") };
    expect(readEnvironment(env).problems.map(({ variable }) => variable)).toEqual(["DATABASE_URL_FILE"]);
  });

  test("what is no secret is not read from a file", () => {
    const env = { PORT_FILE: write("port", "1"), RECO_ENV_FILE: write("empty.env", "") };
    expect(readEnvironment(env).sources.env["PORT"]).toBeUndefined();
  });
});
