/** Dead letters keep every value as something that JSON columns can hold. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { payloadOf } from "../../../src/stores/postgres/dead-letter.ts";

describe("payloadOf", () => {
  test("keeps an object as it is", () => {
    expect(payloadOf(Buffer.from('{"a":1}'))).toEqual({ json: '{"a":1}', rawHex: null });
  });

  test("wraps a value that is not an object", () => {
    expect(payloadOf(Buffer.from("[1]"))).toEqual({ json: '{"raw_payload":[1]}', rawHex: "5b315d" });
  });

  test("wraps text that is not JSON as text, and other bytes as base64", () => {
    expect(payloadOf(Buffer.from("{a"))).toEqual({
      json: '{"raw_payload":"{a","raw_encoding":"utf8"}',
      rawHex: "7b61",
    });
    expect(payloadOf(Uint8Array.from([0xff]))).toEqual({
      json: '{"raw_payload":"/w==","raw_encoding":"base64"}',
      rawHex: "ff",
    });
  });

  test("never writes an escape that jsonb refuses, and always an object", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const { json } = payloadOf(bytes);
          expect(json).not.toMatch(/\\u(0000|d[89a-f])/i);
          expect(JSON.parse(json)).toBeInstanceOf(Object);
        },
      ),
    );
  });
});
