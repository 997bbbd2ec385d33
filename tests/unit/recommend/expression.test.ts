import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { unknownCard } from "../../../src/recommend/catalog-cards.ts";
import { compileBoost, compileFilter } from "../../../src/recommend/expression.ts";

const film = {
  ...unknownCard("f-1"),
  title: "Heat",
  price: 12.5,
  category: "crime",
  tags: ["heist", "night"],
  published_at: "1995-12-15T00:00:00.000Z",
  attributes: { year: 1995, rating: 8.3, nested: { ok: true } },
};
const user = { attributes: { max_price: 20, langs: ["en"] } };

function passes(text: string): boolean {
  const filter = compileFilter(text);
  if (!filter.ok) throw new Error(filter.error);
  return filter.value.of(film, user);
}
function factor(text: string): number {
  const boost = compileBoost(text);
  if (!boost.ok) throw new Error(boost.error);
  return boost.value.of(film, user);
}

describe("filters", () => {
  test.each([
    ["item.price < 13", true],
    ["item.price + 1 > 13", true],
    ["item.attributes.year == 1995 && item.attributes.rating > 8", true],
    ['"heist" in item.tags && item.category == "crime"', true],
    ['item.published_at >= "1995" && item.published_at < "1996"', true],
    ["item.price <= user.attributes.max_price", true],
    ["item.attributes.nested.ok", true],
    ["!item.verified", true],
    ["size(item.tags) == 2 && 2 == size(item.tags)", true],
    ["size(item.tags) != 2", false],
    ["size(item.tags) > 1 && size(item.tags) < 3", true],
    ["size(item.tags) * 2 - 1 == 3 && 1 + item.tags.size() / 4 == 1.5", true],
    ["item.author == null", true],
    ["item.price > 0x10 || item.price < -2", false],
    ["item.attributes.none == 1", false],
    ["item.title < 5", false],
    ["item.title", false],
  ])("%s is %p for the film", (text, expected) => {
    expect(passes(text)).toBe(expected);
  });

  test.each([
    ["item.price <", "must be a valid expression"],
    ["prise < 3", "must be a valid expression"],
    ["1 + 1", "must give a boolean"],
    ['"text"', "must give a boolean"],
    ['item.tags.exists(t, t == "a")', "must not use exists()"],
    ["has(item.attributes.x)", "must not use has()"],
    ['item.title.matches("(a+)+$")', "must not use matches()"],
    ["item.score > 1", "must not use item.score"],
    ["user.email == null", "must not use user.email"],
    [Array.from({ length: 60 }, () => "item.verified").join(" && "), "must be a valid expression"],
    [`item.title == "${"a".repeat(1_024)}"`, "must have at most 1024 bytes"],
  ])("%s is refused", (text, problem) => {
    const compiled = compileFilter(text);
    expect(compiled.ok ? "" : compiled.error).toStartWith(problem);
  });

  test("tell whether the user has to be known", () => {
    const asksUser = (text: string) => {
      const filter = compileFilter(text);
      return filter.ok && filter.value.asksUser;
    };
    expect(asksUser("item.price < 3")).toBe(false);
    expect(asksUser("item.price < user.attributes.max_price")).toBe(true);
    expect(asksUser('item.title == "user"')).toBe(false);
  });

  test("whatever text comes, compiling and asking never throw", () => {
    const part = fc.constantFrom(
      "item",
      "user",
      ".",
      "price",
      "attributes",
      "==",
      "<",
      "1",
      '"a"',
      "(",
      ")",
      "!",
      "&&",
      "[",
      "]",
      "?",
      ":",
      "-",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 20 }).map((parts) => parts.join(" ")),
    );
    fc.assert(
      fc.property(text, (given) => {
        const filter = compileFilter(given);
        if (filter.ok) expect(typeof filter.value.of(film, user)).toBe("boolean");
        const boost = compileBoost(given);
        if (boost.ok) expect(boost.value.of(film, user)).toBeWithin(0.1, 10.000001);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("boosts", () => {
  test.each([
    ['item.category == "crime" ? 2 : 1', 2],
    ["item.price / 5", 2.5],
    ["item.price * 100", 10],
    ["0", 0.1],
    ["-3", 0.1],
    ["item.attributes.none", 1],
    ["item.price / 0", 10],
    ["item.title", 1],
  ])("%s gives %p", (text, expected) => {
    expect(factor(text)).toBe(expected);
  });

  test("that cannot be numbers are refused", () => {
    const compiled = compileBoost("item.price > 3");
    expect(compiled.ok ? "" : compiled.error).toBe("must give a number");
  });
});
