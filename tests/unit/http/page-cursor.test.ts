import { expect, test } from "bun:test";
import fc from "fast-check";
import { pageCursor, pageCursorField } from "../../../src/http/page-cursor.ts";

const LIST_ID = "0123456789abcdef0123456789abcdef";

test("a cursor survives its text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 125 }), (shown) => {
      const text = pageCursor({ listId: LIST_ID, shown });
      expect(text.length).toBeLessThanOrEqual(pageCursorField.schema["maxLength"] as number);
      expect(pageCursorField.read(text, null)).toEqual({ ok: true, value: { listId: LIST_ID, shown } });
    }),
  );
});

test.each([
  ["nothing", ""],
  ["too little", Buffer.alloc(16).toString("base64url")],
  ["too much", Buffer.alloc(142).toString("base64url")],
  ["another alphabet", Buffer.alloc(20, 0xff).toString("base64")],
  ["no text", 7],
])("%s is no cursor", (_, input) => {
  expect(pageCursorField.read(input, null).ok).toBe(false);
});
