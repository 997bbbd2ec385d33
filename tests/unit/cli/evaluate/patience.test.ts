import { expect, test } from "bun:test";
import { patiently } from "../../../../src/cli/evaluate/patience.ts";

const never = new AbortController().signal;

test("asks once more what was refused", async () => {
  const answers = ["busy", null, "too much"];
  await patiently(never, async () => answers.shift() as string | null);
  expect(answers).toEqual(["too much"]);
});

test("ends at once when interrupted", async () => {
  const controller = new AbortController();
  let asked = 0;
  const asking = patiently(controller.signal, async () => {
    asked++;
    controller.abort();
    return "busy";
  });
  await expect(asking).rejects.toThrow();
  expect(asked).toBe(1);
});
