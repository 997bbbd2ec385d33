import { describe, expect, test } from "bun:test";
import { fail, pass, runChecks, warn } from "../../../../src/cli/doctor/check.ts";
import { describeReport } from "../../../../src/cli/doctor/describe.ts";
import { summarise } from "../../../../src/cli/doctor/examine.ts";

describe("running checks", () => {
  test("keeps their order, hands each the subject, and leaves out what does not apply", async () => {
    const found = await runChecks(
      [
        { name: "a", run: async (subject: number) => warn(`${subject}`) },
        { name: "b", run: () => null },
        { name: "c", run: (subject) => pass(`${subject + 1}`) },
      ],
      1,
    );
    expect(found).toEqual([
      { name: "a", status: "warn", detail: "1" },
      { name: "c", status: "pass", detail: "2" },
    ]);
  });

  test("takes a check that throws for failed, and goes on with the others", async () => {
    const broken = () => {
      throw new Error("EACCES: no way");
    };
    const found = await runChecks(
      [
        { name: "throws", run: broken },
        { name: "rejects", run: () => Promise.reject(new Error("refused")) },
        { name: "fine", run: () => pass("yes") },
      ],
      null,
    );
    expect(found.map(({ status, detail }) => `${status} ${detail}`)).toEqual([
      "fail EACCES: no way",
      "fail refused",
      "pass yes",
    ]);
  });

  test("takes a check that never ends for failed when its time is up", async () => {
    const hanging = { name: "hangs", run: () => new Promise<never>(() => {}) };
    expect(await runChecks([hanging, { name: "fine", run: () => pass("yes") }], null, 20)).toEqual([
      { name: "hangs", status: "fail", detail: "no result within 20 ms" },
      { name: "fine", status: "pass", detail: "yes" },
    ]);
  });
});

describe("the report", () => {
  const report = summarise([
    { name: "one", ...pass("fine") },
    { name: "three_words_long", ...fail(`something ${"is very wrong ".repeat(10)}`) },
    { name: "two", ...warn("hm") },
    { name: "four", ...warn("hm") },
  ]);

  test("adds up what passed, failed and warned", () => {
    expect(report.summary).toEqual({ passed: 1, failed: 1, warned: 2 });
  });

  test("is for people one matter a line, on 80 columns, with the sum below", () => {
    const lines = describeReport(report).split("\n");
    expect(lines.filter(({ length }) => length > 80)).toEqual([]);
    expect(lines.filter((line) => /^ {2}(ok|WARN|FAIL) /.test(line))).toHaveLength(4);
    expect(lines.at(-1)).toBe("1 passed, 2 warned, 1 failed");
  });
});
