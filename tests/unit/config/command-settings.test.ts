/** What commands that only talk to a server or its database take from the environment. */

import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { commandSettings } from "../../../src/config/command-settings.ts";

describe("commandSettings", () => {
  test("are empty without variables", () => {
    expect(commandSettings({ env: {} })).toEqual({
      baseUrl: null,
      apiKey: null,
      databaseUrl: null,
      dataDir: resolve(".reco"),
    });
  });

  test("take the key of the server when there is none for commands", () => {
    expect(commandSettings({ env: { DS_API_KEY: "server" } }).apiKey).toBe("server");
    expect(commandSettings({ env: { DS_API_KEY: "server", RECO_API_KEY: "mine" } }).apiKey).toBe("mine");
    expect(commandSettings({ env: { DS_API_KEY: "server", RECO_API_KEY: " " } }).apiKey).toBe("server");
  });

  test("show the first of several accepted keys", () => {
    expect(commandSettings({ env: { DS_API_KEY: " new , old" } }).apiKey).toBe("new");
  });

  test("do not mind what only a server would refuse", () => {
    const env = { APP_ENV: "production", KAFKA_BOOTSTRAP_SERVERS: "kafka:9092", RECO_BASE_URL: "http://a:1" };
    expect(commandSettings({ env }).baseUrl).toBe("http://a:1");
  });

  test("read the env file below the process environment", () => {
    const file = { RECO_BASE_URL: "http://file", DATABASE_URL: "postgres://file/x" };
    const found = commandSettings({ env: { RECO_BASE_URL: "http://env" }, file });
    expect(found).toMatchObject({ baseUrl: "http://env", databaseUrl: "postgres://file/x" });
  });
});
