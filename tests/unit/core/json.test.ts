import { describe, expect, test } from "bun:test";
import { JSON_MAX_DEPTH, JSON_MAX_KEYS, parseJson } from "../../../src/core/json.ts";

const objectOf = (keys: number, value = "1") =>
  `{${Array.from({ length: keys }, (_, index) => `"k:${index}":${value}`).join(",")}}`;
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("JSON text", () => {
  test("is read to the greatest depth and no deeper", () => {
    expect(parseJson(nested(JSON_MAX_DEPTH)).ok).toBe(true);
    expect(parseJson(nested(JSON_MAX_DEPTH + 1))).toMatchObject({ ok: false });
  });

  test.each([
    ["alone", (object: string) => object],
    ["inside another", (object: string) => `{"a":[1,${object}],"b":2}`],
    ["after a large one", (object: string) => `[${objectOf(JSON_MAX_KEYS)},${object}]`],
  ])("may hold an object of the most keys and none of more, %s", (_, place) => {
    expect(parseJson(place(objectOf(JSON_MAX_KEYS))).ok).toBe(true);
    expect(parseJson(place(objectOf(JSON_MAX_KEYS + 1)))).toEqual({
      ok: false,
      error: `more than ${JSON_MAX_KEYS} keys in one object`,
    });
  });

  test("counts the keys of each object by themselves", () => {
    expect(
      parseJson(
        `[${Array(4)
          .fill(objectOf(JSON_MAX_KEYS / 2, '{"x":1}'))
          .join(",")}]`,
      ).ok,
    ).toBe(true);
  });

  test("is not measured inside its strings", () => {
    const text = `{"a":"${'\\"[{:'.repeat(2 * JSON_MAX_KEYS)}"}`;
    expect(parseJson(text).ok).toBe(true);
  });

  test.each(["]]]{}", "{]:1}", "::", ""])("%j is refused without a throw", (text) => {
    expect(parseJson(text)).toEqual({ ok: false, error: "not valid JSON" });
  });
});
