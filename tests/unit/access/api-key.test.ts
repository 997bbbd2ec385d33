import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createApiKeyCheck } from "../../../src/access/api-key.ts";

describe("API key check", () => {
  test("accepts each configured key, so that a key can be rotated", () => {
    const check = createApiKeyCheck(["first-secret", "second-secret"]);
    expect([check("first-secret"), check("second-secret")]).toEqual(["valid", "valid"]);
  });

  test("tells an absent key from a wrong one", () => {
    const check = createApiKeyCheck(["first-secret"]);
    expect([check(null), check(""), check("first-secre")]).toEqual(["missing", "missing", "invalid"]);
  });

  test("accepts nothing when no key is configured", () => {
    expect(createApiKeyCheck([])("anything")).toBe("invalid");
  });

  test("accepts a text exactly when it is configured", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), fc.string({ minLength: 1 }), (keys, given) => {
        expect(createApiKeyCheck(keys)(given) === "valid").toBe(keys.includes(given));
      }),
    );
  });
});
