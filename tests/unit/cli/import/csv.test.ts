import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CsvOptions, readCsv } from "../../../../src/cli/import/csv.ts";
import { MAX_RECORD_BYTES } from "../../../../src/cli/import/lines.ts";
import { allOf, bytesOf } from "./source-bytes.ts";

const recordsOf = (content: string | Buffer, options: Partial<CsvOptions> = {}) =>
  allOf(readCsv(bytesOf(content), { renames: new Map(), required: [], ...options }));

/** `[line, fields]` of good records, `[line, reason]` of bad ones. */
const seen = async (content: string | Buffer, options: Partial<CsvOptions> = {}) =>
  (await recordsOf(content, options)).map((record) => [
    record.line,
    record.kind === "fields" ? record.fields : record.problem,
  ]);

describe("readCsv", () => {
  test("names cells by the header and leaves out empty ones", async () => {
    expect(await seen("a,b,c\n1,,3\n,5,\n")).toEqual([
      [2, { a: "1", c: "3" }],
      [3, { b: "5" }],
    ]);
  });

  test("reads quoted commas, quotes and line feeds", async () => {
    expect(await seen('a,b\n"x,y","say ""hi"""\n"two\nlines",z\n')).toEqual([
      [2, { a: "x,y", b: 'say "hi"' }],
      [3, { a: "two\nlines", b: "z" }],
    ]);
  });

  test("a record is on the line it begins on, after cells of several lines and blank lines too", async () => {
    expect(await seen('a,b\n1,"x\n\n\ny"\n\n2,z\n')).toEqual([
      [2, { a: "1", b: "x\n\n\ny" }],
      [7, { a: "2", b: "z" }],
    ]);
  });

  test("keeps carriage returns inside quotes and drops those at the end of a record", async () => {
    expect(await seen('a,b\r\n1,"x\r\ny"\r\n2,"z"\r\n3,\r\n')).toEqual([
      [2, { a: "1", b: "x\r\ny" }],
      [4, { a: "2", b: "z" }],
      [5, { a: "3" }],
    ]);
  });

  test("needs no line feed at the end", async () => {
    expect(await seen("a\n1")).toEqual([[2, { a: "1" }]]);
  });

  test("takes a byte order mark off the header", async () => {
    expect(await seen("\ufeffa\n1\n")).toEqual([[2, { a: "1" }]]);
  });

  test("does not trim cells", async () => {
    expect(await seen("a,b\n x , y\n")).toEqual([[2, { a: " x ", b: " y" }]]);
  });

  test("renames columns", async () => {
    expect(await seen("userId,b\n1,2\n", { renames: new Map([["userId", "user_id"]]) })).toEqual([
      [2, { user_id: "1", b: "2" }],
    ]);
  });

  test("reads JSON in the cells of fields that are no scalars", async () => {
    const content = 'attributes,items,context\n"{""year"":1995}","[{""item_id"":1}]",{no json\n';
    expect(await seen(content)).toEqual([
      [2, { attributes: { year: 1995 }, items: [{ item_id: 1 }], context: "{no json" }],
    ]);
  });

  test("a column named like a part of every object is only a column", async () => {
    const [record] = await recordsOf("__proto__\nx\n");
    expect(record?.kind === "fields" && Object.keys(record.fields)).toEqual(["__proto__"]);
  });

  test.each([
    ["too few cells", "1", "1 cells, the header has 2"],
    ["too many cells", "1,2,3", "3 cells, the header has 2"],
    ["a quote inside a plain cell", '1,x"y', "a quote inside a cell that is not quoted"],
    ["text behind a quoted cell", '"1"x,2', "text behind a quoted cell"],
  ])("%s: only that record is bad", async (_, line, problem) => {
    expect(await seen(`a,b\n0,0\n${line}\n3,4\n`)).toEqual([
      [2, { a: "0", b: "0" }],
      [3, problem],
      [4, { a: "3", b: "4" }],
    ]);
  });

  test("says which lines a bad record took with it", async () => {
    expect(await seen('a,b\n1,"x\ny"z\n3,4\n')).toEqual([
      [2, "text behind a quoted cell (lines 2 to 3)"],
      [4, { a: "3", b: "4" }],
    ]);
  });

  test("keeps the text of a bad record", async () => {
    const [record] = await recordsOf('a,b\n1,"x\ny"z\n');
    expect(record).toMatchObject({ kind: "problem", raw: '1,"x\ny"z' });
  });

  test("a quote that never closes is bad where it opens", async () => {
    expect(await seen('a,b\n0,0\n1,"x\n2,y\n')).toEqual([
      [2, { a: "0", b: "0" }],
      [3, "a quoted cell that does not end (lines 3 to 4)"],
    ]);
  });

  test("a quoted cell ends at the limit of a record, and the rest of the file is read", async () => {
    const half = "x".repeat(MAX_RECORD_BYTES / 2);
    expect(await seen(`a,b\n1,"${half}\n${half}\n2,y\n`)).toEqual([
      [2, "a quoted cell that does not end (lines 2 to 3)"],
      [4, { a: "2", b: "y" }],
    ]);
  });

  test("a line above the limit is bad, and the lines behind it are read", async () => {
    expect(await seen(`a,b\n1,${"x".repeat(MAX_RECORD_BYTES)}\n2,y\n`)).toEqual([
      [2, `not UTF-8, or longer than ${MAX_RECORD_BYTES} bytes`],
      [3, { a: "2", b: "y" }],
    ]);
  });

  test("bytes that are not UTF-8 make a record bad instead of changing its text", async () => {
    expect(await seen(Buffer.from("a,b\n1,caf\xe9\n2,y\n", "latin1"))).toEqual([
      [2, `not UTF-8, or longer than ${MAX_RECORD_BYTES} bytes`],
      [3, { a: "2", b: "y" }],
    ]);
  });

  test.each([
    ["an empty file", "", "no header line"],
    ["blank lines only", "\n\n", "no header line"],
    [
      "a header without a needed column",
      "1,view\n2,click\n",
      "no column user_id; the header line is: 1,view",
    ],
    ["two columns of one name", "user_id,a,a\n1,2,3\n", 'two columns "a"'],
    ["a header that does not end", '"user_id\n1\n', "bad header line: a quoted cell that does not end"],
  ])("%s is refused as a whole", async (_, content, message) => {
    await expect(recordsOf(content, { required: ["user_id"] })).rejects.toThrow(message);
  });

  test("two columns that are renamed to one are refused", async () => {
    const renames = new Map([["userId", "user_id"]]);
    await expect(recordsOf("userId,user_id\n1,2\n", { renames })).rejects.toThrow('two columns "user_id"');
  });

  test("gives back any cells that were written by the rules", async () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", "\n", "\r\n", " "), minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 6 }), async (rows) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const content = ["a,b", ...rows.map((row) => row.map(quoted).join(","))].join("\r\n");
        const records = await recordsOf(content);
        expect(records.map((record) => record.kind === "fields" && record.fields)).toEqual(
          rows.map(([a, b]) => ({ a, b })),
        );
      }),
    );
  });
});
