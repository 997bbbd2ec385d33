import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_RECORD_BYTES, readLines } from "../../../../src/cli/import/lines.ts";
import { allOf, bytesOf } from "./source-bytes.ts";

const textsOf = async (content: string | Buffer) =>
  (await allOf(readLines(bytesOf(content)))).map(({ text }) => text);

describe("readLines", () => {
  test("numbers lines from 1 and says where each ends in the file", async () => {
    expect(await allOf(readLines(bytesOf("ä\n\nb")))).toEqual([
      { line: 1, bytesRead: 3, text: "ä" },
      { line: 2, bytesRead: 4, text: "" },
      { line: 3, bytesRead: 5, text: "b" },
    ]);
  });

  test("a line feed at the end begins no further line", async () => {
    expect(await textsOf("a\nb\n")).toEqual(["a", "b"]);
  });

  test("an empty file has no lines", async () => {
    expect(await textsOf("")).toEqual([]);
  });

  test("takes a byte order mark off the first line only", async () => {
    expect(await textsOf("\ufeffa\n\ufeffb")).toEqual(["a", "\ufeffb"]);
  });

  test("gives no text for bytes that are not UTF-8, and goes on", async () => {
    expect(await textsOf(Buffer.from("a\ncaf\xe9\nb", "latin1"))).toEqual(["a", null, "b"]);
  });

  test("takes a line of the largest size", async () => {
    const longest = "x".repeat(MAX_RECORD_BYTES);
    expect(await textsOf(`${longest}\nb`)).toEqual([longest, "b"]);
  });

  test("gives no text for a line that is longer, and goes on", async () => {
    expect(await textsOf(`a\n${"x".repeat(MAX_RECORD_BYTES + 1)}\nb`)).toEqual(["a", null, "b"]);
  });

  test("reads the same lines however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom("a", "é", "🎬", "\n", "\r\n"), maxLength: 30 }),
        fc.array(fc.nat(60), { maxLength: 8 }),
        async (content, cuts) => {
          const whole = await allOf(readLines(bytesOf(content)));
          expect(await allOf(readLines(bytesOf(content, cuts)))).toEqual(whole);
        },
      ),
    );
  });
});
