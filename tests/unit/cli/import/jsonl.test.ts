import { describe, expect, test } from "bun:test";
import { readJsonl } from "../../../../src/cli/import/jsonl.ts";
import { MAX_RECORD_BYTES } from "../../../../src/cli/import/lines.ts";
import type { Renames } from "../../../../src/cli/import/sources.ts";
import { allOf, bytesOf } from "./source-bytes.ts";

const seen = async (content: string | Buffer, renames: Renames = new Map()) =>
  (await allOf(readJsonl(bytesOf(content), renames))).map((record) => [
    record.line,
    record.kind === "fields" ? record.fields : record.problem,
  ]);

describe("readJsonl", () => {
  test("reads an object a line and skips blank lines", async () => {
    expect(await seen('{"a":1}\r\n\n  \n{"a":{"b":[2]}}')).toEqual([
      [1, { a: 1 }],
      [4, { a: { b: [2] } }],
    ]);
  });

  test.each([
    ["broken JSON", '{"a":', "not valid JSON"],
    ["a list", "[1]", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["a number", "1", "not a JSON object"],
    ["deep nesting", `{"a":${"[".repeat(20)}${"]".repeat(20)}}`, "nesting deeper than 16"],
    [
      "a huge line",
      `{"a":"${"x".repeat(MAX_RECORD_BYTES)}"}`,
      `not UTF-8, or longer than ${MAX_RECORD_BYTES} bytes`,
    ],
  ])("%s: only that line is bad", async (_, line, problem) => {
    expect(await seen(`{"a":1}\n${line}\n{"a":3}\n`)).toEqual([
      [1, { a: 1 }],
      [2, problem],
      [3, { a: 3 }],
    ]);
  });

  test("takes a byte order mark off", async () => {
    expect(await seen('\ufeff{"a":1}')).toEqual([[1, { a: 1 }]]);
  });

  test("renames keys", async () => {
    expect(await seen('{"userId":1,"b":2}', new Map([["userId", "user_id"]]))).toEqual([
      [1, { user_id: 1, b: 2 }],
    ]);
  });

  test("a key that meets the one it is renamed to makes the line bad", async () => {
    expect(await seen('{"userId":1,"user_id":2}', new Map([["userId", "user_id"]]))).toEqual([
      [1, "user_id: given twice"],
    ]);
  });

  test("keys that objects have by themselves stay keys through renaming", async () => {
    const [record] = await allOf(readJsonl(bytesOf('{"__proto__":{"x":1}}'), new Map([["a", "b"]])));
    expect(record?.kind === "fields" && Object.keys(record.fields)).toEqual(["__proto__"]);
  });
});
