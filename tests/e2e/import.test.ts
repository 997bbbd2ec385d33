import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDir } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { processesOf } from "../support/own-processes.ts";
import { FORMS, type Form, program } from "../support/program.ts";
import { Tree } from "../support/tree.ts";

const LINES = 20_000;
const TIMEOUT_MS = 120_000;

let dir: string;
let dataDir: string;

beforeEach(() => {
  dir = temporaryDir("import-e2e");
  dataDir = join(dir, "data");
  mkdirSync(join(dataDir, "tmp"), { recursive: true, mode: 0o700 });
});
afterEach(async () => {
  await eventually(() => expect(processesOf(dataDir)).toEqual([]), { timeoutMs: 15_000 });
  rmSync(dir, { recursive: true });
});

/** `reco` with these arguments, on the test's data folder. */
const spawn = (form: Form, ...args: string[]) =>
  Bun.spawn([...program(form), ...args], {
    cwd: dir,
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, RECO_DATA_DIR: dataDir },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });

async function run(form: Form, ...args: string[]) {
  const child = spawn(form, ...args);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

function writeEvents(count: number): string {
  const file = join(dir, "events.csv");
  const lines = Array.from(
    { length: count },
    (_, index) =>
      `file-event-${index},u-${Math.floor(index / 50)},i-${index % 40},view,${1_500_000_000 + index}`,
  );
  writeFileSync(file, `event_id,user_id,item_id,event_type,ts\n${lines.join("\n")}\n`);
  return file;
}

/** Resolves when the import has noted down its first chunk. */
const untilUnderWay = () =>
  eventually(
    () => {
      const names = readdirSync(join(dataDir, "tmp"));
      if (!names.some((name) => /^import-\w+\.json$/.test(name))) throw new Error("not under way");
    },
    { timeoutMs: 30_000, intervalMs: 2 },
  );

describe.each(FORMS)("reco import from the %s", (form) => {
  test.each([
    ["an unknown kind", ["--kind", "users", "--file", "x"]],
    ["a format of a later release", ["--format", "parquet", "--file", "x"]],
    ["another one", ["--format", "gorse-dump", "--file", "x"]],
    ["no file", []],
    ["a bad --map", ["--file", "x", "--map", "a"]],
    ["an unknown flag", ["--file", "x", "--fast"]],
  ])("%s is bad usage", async (_, args) => {
    expect((await run(form, "import", ...args)).code).toBe(64);
  });

  test("a missing file fails without a stack", async () => {
    const { code, stderr } = await run(form, "import", "--file", "none.csv");
    expect(code).toBe(1);
    expect(stderr).toBe(`${join(dir, "none.csv")} is not a file\n`);
  });

  test("a file without a header fails without a stack", async () => {
    const file = join(dir, "events.csv");
    writeFileSync(file, "u-1,i-1,view,1500000000\n");
    const { code, stderr } = await run(form, "import", "--file", file, "--dry-run");
    expect(code).toBe(1);
    expect(stderr).toStartWith(`${file}: no column user_id`);
  });

  test(
    "works on a stopped data folder, and a repeat inserts nothing",
    async () => {
      const file = writeEvents(1_500);
      const first = await run(form, "import", "--file", file, "--json");
      expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(first.stdout)).toMatchObject({ read: 1_500, inserted: 1_500, rejected: 0 });
      const second = await run(form, "import", "--file", file, "--json");
      expect(JSON.parse(second.stdout)).toMatchObject({ inserted: 0, duplicates: 1_500 });
    },
    TIMEOUT_MS,
  );

  test(
    "exits 1 when a line was refused",
    async () => {
      const file = writeEvents(3);
      writeFileSync(file, "bad", { flag: "a" });
      const { code, stdout } = await run(form, "import", "--file", file, "--continue-on-error", "--json");
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ inserted: 3, rejected: 1 });
    },
    TIMEOUT_MS,
  );

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "broken off by %s, goes on where it stopped",
    async (signal) => {
      const file = writeEvents(LINES);
      const child = spawn(form, "import", "--file", file, "--json");
      await untilUnderWay();
      child.kill(signal);
      await child.exited;
      expect(child.exitCode ?? child.signalCode).toBe(signal === "SIGKILL" ? "SIGKILL" : 1);
      const { code, stdout } = await run(form, "import", "--file", file, "--json");
      expect(code).toBe(0);
      const { read, inserted, duplicates, resumed } = JSON.parse(stdout);
      expect(read).toBe(LINES);
      expect(resumed).toBeGreaterThan(0);
      expect(inserted + duplicates + resumed).toBe(LINES);
      const again = await run(form, "import", "--file", file, "--json");
      expect(JSON.parse(again.stdout)).toMatchObject({ inserted: 0, duplicates: LINES });
    },
    TIMEOUT_MS,
  );

  test(
    "works beside a running tree, which then recommends what was imported",
    async () => {
      await using tree = await Tree.start({ form, dataDir });
      const { code } = await run(form, "import", "--file", writeEvents(100));
      expect(code).toBe(0);
      await eventually(
        async () => {
          const answer = await tree.get("/reco?user_id=new&session_id=s-1&k=5");
          expect(((await answer.json()) as { items: unknown[] }).items).toHaveLength(5);
        },
        { timeoutMs: 30_000, intervalMs: 200 },
      );
    },
    TIMEOUT_MS,
  );
});

describe.each(FORMS)("reco migrate from the %s", (form) => {
  test(
    "--check says what is pending until it is applied",
    async () => {
      expect(await run(form, "migrate", "--check")).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("pending 0001"),
      });
      expect(await run(form, "migrate")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("applied 0001"),
      });
      expect(await run(form, "migrate", "--check")).toMatchObject({
        code: 0,
        stdout: "the schema is up to date\n",
      });
    },
    TIMEOUT_MS,
  );

  test("a folder of migrations that is not there is bad usage", async () => {
    expect((await run(form, "migrate", "--migrations-dir", "none")).code).toBe(64);
  });
});
