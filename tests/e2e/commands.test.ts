/** Every command explains itself and refuses what it does not know. */

import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import type { Command } from "commander";
import { commands } from "../../src/cli/commands.ts";
import { runReco } from "../support/run-reco.ts";

/** The words that lead to each command and subcommand. */
const pathsOf = (command: Command, before: readonly string[] = []): string[][] => {
  const path = [...before, command.name()];
  return [path, ...command.commands.flatMap((subcommand) => pathsOf(subcommand, path))];
};
const PATHS = commands().flatMap((command) => pathsOf(command));
const cwd = tmpdir();

test("the program lists every command, each under a name of its own", async () => {
  const { code, out } = await runReco(["--help"], { cwd });
  expect(code).toBe(0);
  const names = commands().map((command) => command.name());
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(out).toMatch(new RegExp(`^  ${name}( |$)`, "m"));
});

describe.each(PATHS.map((path) => [path.join(" "), path] as const))("reco %s", (name, path) => {
  test("explains itself", async () => {
    const { code, out } = await runReco([...path, "--help"], { cwd });
    expect(code).toBe(0);
    expect(out).toContain(`Usage: reco ${name} `);
  });

  test("ends with 64 on an unknown option", async () => {
    const { code, err } = await runReco([...path, "--no-such-option"], { cwd });
    expect(code).toBe(64);
    expect(err).not.toBe("");
  });
});

test("a file that secures the way to Kafka and cannot be read ends with 78 and its name", async () => {
  const env = {
    KAFKA_BOOTSTRAP_SERVERS: "localhost:1",
    KAFKA_SSL: "true",
    KAFKA_SSL_CA_FILE: "/nowhere/ca.pem",
  };
  for (const command of [["serve"], ["config", "check"]]) {
    const { code, err } = await runReco(command, { cwd, env });
    expect(err).toContain("- KAFKA_SSL_CA_FILE cannot be read: /nowhere/ca.pem");
    expect(code).toBe(78);
  }
});

test("a command's name may be written with underscores", async () => {
  const { code, err } = await runReco(["no_such_command"], { cwd });
  expect(code).toBe(64);
  expect(err).toContain("no-such-command");
});
