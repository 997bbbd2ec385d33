import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cursorField, cursorOf } from "../../../src/http/cursor.ts";
import { pathReader } from "../../../src/http/path-parameters.ts";
import { itemIdField, userIdField } from "../../../src/http/reco-query.ts";

const TEMPLATE = "/users/:user_id/hidden-items/:item_id";
const read = pathReader<{ user_id: string; item_id: string }>(TEMPLATE, {
  user_id: userIdField,
  item_id: itemIdField,
});

describe("path parameters", () => {
  test("every id that may be sent comes back as it was", () => {
    const id = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
      .map((text) => text.normalize("NFC"))
      .filter((text) => userIdField.read(text, null).ok);
    fc.assert(
      fc.property(id, id, (userId, itemId) => {
        const path = `/users/${encodeURIComponent(userId)}/hidden-items/${encodeURIComponent(itemId)}`;
        expect(read(`http://localhost:8080${path}?k=1`)).toEqual({
          ok: true,
          value: { user_id: userId, item_id: itemId },
        });
      }),
    );
  });

  test("a plus is a plus, and an encoded slash belongs to the id", () => {
    expect(read("http://h/users/a+b/hidden-items/x%2Fy")).toEqual({
      ok: true,
      value: { user_id: "a+b", item_id: "x/y" },
    });
  });

  test("bytes that are no UTF-8 are refused with the parameter's name", () => {
    const answer = read("http://h/users/%ff/hidden-items/i");
    expect(answer.ok ? null : answer.error.map(({ type, loc }) => [type, loc])).toEqual([
      ["value_error", ["path", "user_id"]],
    ]);
  });
});

describe("cursors", () => {
  test("give back the id they were made of", () => {
    for (const id of ["i-1", "Zoë", "a/b?c#d", "🎬"]) {
      expect(cursorField.read(cursorOf(id), null)).toEqual({ ok: true, value: id });
    }
  });

  test("of somebody's own making are refused", () => {
    for (const text of ["", "%%%", "not base64!", "AA"]) expect(cursorField.read(text, null).ok).toBe(false);
  });
});
