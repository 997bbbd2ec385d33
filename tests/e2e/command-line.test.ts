import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { commands } from "../../src/cli/commands.ts";
import { FORMS, type Form, program } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";

async function reco(form: Form, ...args: string[]): Promise<{ code: number; text: string }> {
  const child = Bun.spawn([...program(form), ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, text: out + err };
}

describe.each(FORMS)("the command line of the %s", (form) => {
  test("takes underscores for hyphens in option names", async () => {
    const { code, text } = await reco(form, "import", "--file", "/nowhere/at_all.csv", "--dry_run");
    expect(text).toContain("/nowhere/at_all.csv");
    expect(code).toBe(1);
  });

  for (const args of [["import"], ["serve", "--nonsense"], ["nonsense"]]) {
    test(`ends "${args.join(" ")}" as bad usage`, async () => {
      expect((await reco(form, ...args)).code).toBe(64);
    });
  }

  for (const name of commands().map((command) => command.name())) {
    test(`explains ${name}`, async () => {
      const { code, text } = await reco(form, name, "--help");
      expect(text).toContain(`Usage: reco ${name}`);
      expect(code).toBe(0);
    });
  }

  test.each([
    ["20260101_023000", 1, "there is a run 20260101_023000 already"],
    ["../elsewhere", 64, "--run-id must look like 20260101_023000"],
  ])("refuses to train a run %s before it reads anything", async (runId, code, problem) => {
    const dataDir = mkdtempSync(join(tmpdir(), "reco-train-"));
    mkdirSync(join(dataDir, "objects/runs/20260101_023000"), { recursive: true });
    const env = { RECO_DATA_DIR: dataDir };
    const ended = await runReco(["train", "--run-id", runId], { form, cwd: dataDir, env });
    expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(problem)]);
    expect(readdirSync(dataDir)).toEqual(["objects"]);
    rmSync(dataDir, { recursive: true });
  });

  test("tells its version", async () => {
    expect(await reco(form, "--version")).toEqual({ code: 0, text: `${manifest.version}\n` });
  });
});
