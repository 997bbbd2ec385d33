import { describe, expect, test } from "bun:test";
import { parseItem } from "../../../src/catalog/item.ts";

const itemOf = (fields: Record<string, unknown>) => {
  const parsed = parseItem({ item_id: "i-1", ...fields });
  return parsed.ok ? parsed.value : parsed.error;
};

describe("parseItem", () => {
  test("reads CSV cells", () => {
    const cells = {
      title: "Toy Story",
      price: "3.50",
      cover_image: "https://example.org/1.jpg",
      category: "film",
      author: "Lasseter",
      tags: "Comedy;Children;",
      verified: "TRUE",
      published_at: "1995-11-22",
      hidden: "0",
    };
    expect(itemOf(cells)).toEqual({
      itemId: "i-1",
      title: "Toy Story",
      price: 3.5,
      coverImage: "https://example.org/1.jpg",
      category: "film",
      author: "Lasseter",
      tags: ["Comedy", "Children"],
      verified: true,
      publishedAtMs: Date.UTC(1995, 10, 22),
      hidden: false,
      attributes: {},
    });
  });

  test("reads JSON values", () => {
    const values = {
      item_id: 7,
      price: 3,
      tags: ["a;b"],
      hidden: true,
      attributes: { year: 1995, cast: ["x"] },
    };
    expect(itemOf(values)).toMatchObject({
      itemId: "7",
      price: 3,
      tags: ["a;b"],
      hidden: true,
      attributes: { year: 1995, cast: ["x"] },
    });
  });

  test.each([
    ["attributes", { text: "x".repeat(65_530) }, "attributes: must take at most 65536 bytes as JSON"],
    ["attributes", { text: "é".repeat(40_000) }, "attributes: must take at most 65536 bytes as JSON"],
    [
      "tags",
      Array.from({ length: 9 }, () => "x".repeat(2_000)),
      "tags: must have at most 16384 characters together",
    ],
  ])("bounds the size of %s", (field, value, problem) => {
    expect(itemOf({ [field]: value })).toBe(problem);
  });

  test("takes attributes and tags up to their limits", () => {
    const attributes = { text: "x".repeat(65_525) };
    const tags = Array.from({ length: 8 }, () => "x".repeat(2_048));
    expect(itemOf({ attributes, tags })).toMatchObject({ attributes, tags });
  });

  test("takes null for what is left out", () => {
    const nulls = {
      title: null,
      price: null,
      tags: null,
      verified: null,
      published_at: null,
      attributes: null,
    };
    expect(itemOf(nulls)).toEqual(itemOf({}));
  });

  test.each([
    ["1995-11-22T10:00:00Z", Date.UTC(1995, 10, 22, 10)],
    ["1995-11-22 10:00+02:00", Date.UTC(1995, 10, 22, 8)],
    ["1995-11-22T10:00:00.250Z", Date.UTC(1995, 10, 22, 10, 0, 0, 250)],
    ["1996-02-29", Date.UTC(1996, 1, 29)],
    ["1995-11-22T23:30:00-05:00", Date.UTC(1995, 10, 23, 4, 30)],
  ])("published_at %s is an instant", (published_at, publishedAtMs) => {
    expect(itemOf({ published_at })).toMatchObject({ publishedAtMs });
  });

  test.each([
    ["item_id", undefined],
    ["item_id", ""],
    ["item_id", 1.5],
    ["item_id", "a\u0007"],
    ["item_id", "e\u0301"],
    ["title", 5],
    ["title", "nul \0"],
    ["title", "half \ud800"],
    ["price", "-1"],
    ["price", "0x10"],
    ["price", " "],
    ["price", Number.POSITIVE_INFINITY],
    ["verified", "maybe"],
    ["tags", 5],
    ["tags", [5]],
    ["published_at", 817_000_000],
    ["published_at", "22.11.1995"],
    ["published_at", "1995-11-22T10:00:00"],
    ["published_at", "1995-13-45"],
    ["published_at", "1995-02-29"],
    ["published_at", "1995-11-31T10:00:00Z"],
    ["published_at", "9999-12-31T23:59:59-14:00"],
    ["published_at", "0000-01-01T00:00:00+01:00"],
    ["attributes", "text"],
    ["attributes", [1]],
    ["attributes", { deep: [{ text: "nul \0" }] }],
    ["attributes", { "half \ud800": 1 }],
    ["attributes", { number: Number.POSITIVE_INFINITY }],
    ["attributes", { deep: JSON.parse('{"__proto__":1}') }],
  ])("refuses %s = %p and names the field", (name, value) => {
    expect(itemOf({ [name]: value })).toStartWith(`${name}: `);
  });

  test.each([
    ["an id", { item_id: "x".repeat(129) }],
    ["a text", { title: "x".repeat(2_049) }],
    ["a list of tags", { tags: Array.from({ length: 201 }, () => "t") }],
    [
      "an object",
      { attributes: Object.fromEntries(Array.from({ length: 1_001 }, (_, key) => [`k${key}`, 1])) },
    ],
  ])("refuses %s above its limit", (_, fields) => {
    expect(itemOf(fields)).toContain("at most");
  });

  test("text that only looks like an escaped NUL is text", () => {
    expect(itemOf({ attributes: { path: "\\u0000" } })).toMatchObject({ attributes: { path: "\\u0000" } });
  });

  test.each(["rating", "__proto__"])("refuses the unknown field %s", (name) => {
    expect(itemOf(JSON.parse(`{"${name}":1}`))).toBe(
      name === "rating" ? "rating: unknown field" : "__proto__: unknown field",
    );
  });
});
