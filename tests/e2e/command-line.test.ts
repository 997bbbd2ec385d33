import { describe, expect, test } from "bun:test";
import { MAIN } from "../support/tree.ts";

async function reco(...args: string[]): Promise<{ code: number; text: string }> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, text: out + err };
}

describe("the command line", () => {
  test("takes underscores for hyphens in option names", async () => {
    const { code, text } = await reco("import", "--file", "/nowhere/at_all.csv", "--dry_run");
    expect(text).toContain("/nowhere/at_all.csv");
    expect(code).toBe(1);
  });

  for (const args of [["import"], ["serve", "--nonsense"], ["nonsense"]]) {
    test(`ends "${args.join(" ")}" as bad usage`, async () => {
      expect((await reco(...args)).code).toBe(64);
    });
  }

  for (const command of ["serve", "migrate", "import"]) {
    test(`explains ${command}`, async () => {
      const { code, text } = await reco(command, "--help");
      expect(text).toContain(`Usage: reco ${command}`);
      expect(code).toBe(0);
    });
  }
});
