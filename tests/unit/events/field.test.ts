import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { JsonSchema } from "../../../src/events/field.ts";
import { boolField, type Field, floatField, intField, textField } from "../../../src/events/field.ts";

const int = intField({});
const float = floatField({});

/** The value, or the type of the issue. */
const read = <T>(field: Field<T>, input: unknown) => {
  const parsed = field.read(input, null);
  return parsed.ok ? parsed.value : parsed.error[0]?.type;
};

describe("int", () => {
  test.each([7, 7.0, "7", "007"])("takes %p as 7", (input) => {
    expect(read(int, input)).toBe(7);
  });

  test.each([
    1.5,
    "1.5",
    "",
    " 7",
    "7 ",
    "+7",
    "0x7",
    "1e3",
    true,
    null,
    {},
    "9007199254740992",
    2 ** 53,
    1 / 0,
  ])("refuses %p", (input) => {
    expect(read(int, input)).toBe("int_parsing");
  });

  test("takes every safe integer, as a number and as text", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect([read(int, value), read(int, String(value))]).toEqual([value, value]);
      }),
    );
  });

  test("names the limit that was broken", () => {
    const found = intField({ min: 1, max: 200 }).read(201, null);
    expect(found).toEqual({
      ok: false,
      error: [
        {
          type: "less_than_equal",
          loc: [],
          msg: "Input should be at most 200",
          input: 201,
          ctx: { le: 200 },
        },
      ],
    });
  });
});

describe("float", () => {
  test.each([1.5, "1.5", "15e-1", "+1.5", "1.50"])("takes %p as 1.5", (input) => {
    expect(read(float, input)).toBe(1.5);
  });

  test.each(["", ".", "1.5.", "NaN", "Infinity", "1e999", 1 / 0, Number.NaN, true, null, "0x10", " 1"])(
    "refuses %p",
    (input) => {
      expect(read(float, input)).toBe("float_parsing");
    },
  );

  test("takes every finite number, as a number and as text", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const plain = value === 0 ? 0 : value;
        expect([read(float, value), read(float, String(value))]).toEqual([plain, plain]);
      }),
    );
  });
});

describe("bool", () => {
  test.each([true, 1, "true", "TRUE", "1", "yes", "on", "t", "Y"])("takes %p as true", (input) => {
    expect(read(boolField, input)).toBe(true);
  });

  test.each([false, 0, "false", "False", "0", "no", "OFF", "f", "n"])("takes %p as false", (input) => {
    expect(read(boolField, input)).toBe(false);
  });

  test.each([2, -1, 0.5, "", "2", "tru", "yes ", null, {}])("refuses %p", (input) => {
    expect(read(boolField, input)).toBe("bool_parsing");
  });
});

describe("text", () => {
  test("counts code points, not code units", () => {
    const three = textField(3);
    expect([read(three, "🦊🦊🦊"), read(three, "🦊🦊🦊🦊")]).toEqual(["🦊🦊🦊", "string_too_long"]);
  });
});

test("a bool's pattern spells out both cases", () => {
  const pattern = (boolField.schema["anyOf"] as JsonSchema[])[2]?.["pattern"] as string;
  expect(["tRuE", "N", "maybe"].map((word) => new RegExp(pattern).test(word))).toEqual([true, true, false]);
});
