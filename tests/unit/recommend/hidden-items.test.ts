import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HiddenItems } from "../../../src/recommend/hidden-items.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";

describe("hidden items", () => {
  test("a table's slots say what the ids say, also for items it meets later", () => {
    const ids = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"));
    fc.assert(
      fc.property(ids, ids, ids, (hidden, before, after) => {
        const items = new HiddenItems();
        const table = new ItemTable();
        for (const id of before) table.intern(id);
        items.replace(new Set(hidden));
        const slots = items.inTable(table);
        for (const id of after) table.intern(id);
        for (const id of [...before, ...after]) {
          expect(slots.has(table.slotOf(id))).toBe(hidden.includes(id));
          expect(items.has(id)).toBe(hidden.includes(id));
        }
      }),
    );
  });

  test("say whether a new set differs, and forget the old one", () => {
    const items = new HiddenItems();
    const table = new ItemTable();
    const slot = table.intern("a");
    expect(items.replace(new Set(["a"]))).toBe(true);
    expect(items.inTable(table).has(slot)).toBe(true);
    expect(items.replace(new Set(["a"]))).toBe(false);
    expect(items.replace(new Set(["b"]))).toBe(true);
    expect(items.inTable(table).has(slot)).toBe(false);
  });
});
