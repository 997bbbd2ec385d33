/** The small parts that the acceptance tools share. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { count, seconds, serverOf } from "../../../../src/cli/acceptance/flags.ts";
import { poll } from "../../../../src/cli/acceptance/poll.ts";
import { writeReport } from "../../../../src/cli/acceptance/report-file.ts";
import { CommandError } from "../../../../src/cli/exit-codes.ts";
import { err, ok } from "../../../../src/core/result.ts";
import { manualClock } from "../../../support/manual-clock.ts";

describe("poll", () => {
  const run = async (outcomes: readonly boolean[], withinMs: number) => {
    const clock = manualClock();
    const triedAtMs: number[] = [];
    const polled = poll<string>(
      async () => {
        triedAtMs.push(clock.monotonicMs());
        return outcomes[triedAtMs.length - 1] ? ok("there") : err(`try ${triedAtMs.length}`);
      },
      { withinMs, everyMs: 400, clock },
    );
    await clock.advance(withinMs);
    return { outcome: await polled, triedAtMs };
  };

  test("ends with the first success", async () => {
    expect(await run([false, false, true], 1_000)).toEqual({
      outcome: ok("there"),
      triedAtMs: [0, 400, 800],
    });
  });

  test("ends with the last failure when time is up", async () => {
    expect(await run([], 1_000)).toEqual({ outcome: err("try 3"), triedAtMs: [0, 400, 800] });
  });

  test("tries once however little time there is", async () => {
    expect(await run([true], 1)).toEqual({ outcome: ok("there"), triedAtMs: [0] });
  });
});

describe("a report file", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "reco-report-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test("replaces an older one whole, and leaves nothing beside it", () => {
    const path = join(dir, "report.json");
    writeFileSync(path, "x".repeat(10_000));
    writeReport(path, { a: [1] });
    expect(readFileSync(path, "utf8")).toBe('{\n  "a": [\n    1\n  ]\n}\n');
    expect(readdirSync(dir)).toEqual(["report.json"]);
  });

  test("is not written without a path", () => {
    writeReport("", {});
    expect(readdirSync(dir)).toEqual([]);
  });

  test("that cannot be written ends the command with a message", () => {
    expect(() => writeReport(join(dir, "none", "report.json"), {})).toThrow(CommandError);
    expect(() => writeReport(dir, {})).toThrow("the report cannot be written");
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe("flags", () => {
  const parse = (...args: string[]) =>
    new Command()
      .exitOverride()
      .configureOutput({ writeErr() {} })
      .addOption(count("--some <n>", "", 5))
      .addOption(count("--none <n>", "", 5, 0))
      .addOption(seconds("--wait <sec>", "", 2.5))
      .parse(args, { from: "user" })
      .opts();

  test("are numbers", () => {
    expect(parse()).toEqual({ some: 5, none: 5, wait: 2.5 });
    expect(parse("--some", "7", "--none", "0", "--wait", "0.5")).toEqual({ some: 7, none: 0, wait: 0.5 });
  });

  test.each([
    ["--some", "0"],
    ["--some", "-1"],
    ["--some", "1.5"],
    ["--some", "1e9"],
    ["--some", "ten"],
    ["--some", "99999999999"],
    ["--wait", "0"],
    ["--wait", "Infinity"],
    ["--wait", "NaN"],
    ["--wait", " "],
    ["--wait", "100000"],
  ])("%s %s is bad usage", (flag, text) => {
    expect(() => parse(flag, text)).toThrow("invalid");
  });
});

describe("the server", () => {
  const NONE = { baseUrl: null, apiKey: null };
  const urlOf = (flag: string | undefined, settings = NONE as { baseUrl: string | null; apiKey: null }) =>
    serverOf(flag, settings, "http://localhost:8080").baseUrl;

  test("is the flag's, else that of the environment, else the default", () => {
    expect(urlOf(undefined)).toBe("http://localhost:8080");
    expect(urlOf(undefined, { ...NONE, baseUrl: "http://env:1/" })).toBe("http://env:1");
    expect(urlOf("https://flag/reco//", { ...NONE, baseUrl: "http://env:1" })).toBe("https://flag/reco");
  });

  test.each(["localhost:8080", "ftp://a", "", "http://a?b=c", "http://a#b"])("%p is bad usage", (text) => {
    expect(() => urlOf(text)).toThrow(expect.objectContaining({ exitCode: 64 }));
  });

  test("must not hold a password, which the report would show, and the refusal does not", () => {
    const refused = expect.objectContaining({ exitCode: 64, message: expect.not.stringContaining("s3cret") });
    expect(() => urlOf("http://me:s3cret@a")).toThrow(refused);
  });

  test("gets no key that a header cannot hold", () => {
    const refused = expect.objectContaining({ exitCode: 78, message: expect.not.stringContaining("kéy") });
    expect(() => serverOf(undefined, { baseUrl: null, apiKey: "kéy" }, "http://a")).toThrow(refused);
  });
});
