import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { idField } from "../../../src/events/id-field.ts";
import { parseStreamEvent } from "../../../src/events/stream-event.ts";
import { encodeLogEvent } from "../../../src/events/wire.ts";
import { accepted, aWatchBody } from "./bodies.ts";

const field = idField<string>();
const isAccepted = (input: unknown) => field.read(input, null).ok;

/** Texts of all kinds, most of which are ids. */
const anyText = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 128 }),
  fc.string({ unit: "binary", maxLength: 140 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
);

describe("id", () => {
  test.each(["a", " a ", ".", "../x", "a:b*{}'\"", "Zoë", "session:s-1", "用户", "🦊".repeat(128)])(
    "takes %p unchanged",
    (text) => {
      expect(field.read(text, null)).toEqual({ ok: true, value: text });
    },
  );

  test("counts 128 code points, whatever their size", () => {
    expect(["🦊".repeat(128), "🦊".repeat(129)].map(isAccepted)).toEqual([true, false]);
  });

  test("turns an integer into its decimal text", () => {
    expect([42, -1, 2 ** 53 - 1].map((input) => field.read(input, null))).toEqual([
      { ok: true, value: "42" },
      { ok: true, value: "-1" },
      { ok: true, value: "9007199254740991" },
    ]);
  });

  test("an accepted id comes back exactly from UTF-8 and from the stream", () => {
    fc.assert(
      fc.property(anyText.filter(isAccepted), (id) => {
        const event = accepted("watch", aWatchBody({ user_id: id, item_id: id }));
        const back = parseStreamEvent("watch", JSON.parse(encodeLogEvent(event)));
        expect(Buffer.from(id, "utf8").toString("utf8")).toBe(id);
        expect(back).toEqual({ ok: true, value: event });
      }),
    );
  });

  test("two different accepted ids differ in UTF-8 and after normalisation", () => {
    fc.assert(
      fc.property(anyText.filter(isAccepted), anyText.filter(isAccepted), (one, other) => {
        expect(Buffer.from(one).equals(Buffer.from(other))).toBe(one === other);
        expect(one.normalize("NFC") === other.normalize("NFC")).toBe(one === other);
      }),
    );
  });
});
