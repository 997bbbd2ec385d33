import { describe, expect, test } from "bun:test";
import { networkOf, shownUserId } from "../../../src/http/request-log.ts";

describe("request line", () => {
  test.each([
    ["203.0.113.77", "203.0.113.0/24"],
    ["::ffff:203.0.113.77", "203.0.113.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    ["2001:db8::1", "2001:db8::/48"],
    ["::1", "::/48"],
  ])("shows the network of %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("shows a user id as configured", () => {
    expect(shownUserId("u-1", "plain")).toBe("u-1");
    expect(shownUserId("u-1", "off")).toBeNull();
    expect(shownUserId(null, "plain")).toBeNull();
    expect(shownUserId("u-1", "hash")).toMatch(/^[0-9a-f]{16}$/);
  });

  test("hashes equal ids alike and different ids differently", () => {
    expect(shownUserId("u-1", "hash")).toBe(shownUserId("u-1", "hash"));
    expect(shownUserId("u-1", "hash")).not.toBe(shownUserId("u-2", "hash"));
  });
});
