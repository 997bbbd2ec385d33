/** What of personal data reaches the log. */

import { describe, expect, test } from "bun:test";
import { createLogPrivacy } from "../../../src/telemetry/log-privacy.ts";

describe("user ids in the log", () => {
  test("are hashed: equal ids give equal hashes that do not hold the id", () => {
    const { userId } = createLogPrivacy({ userIds: "hash", ip: "full" });
    expect(userId("alice")).toMatch(/^[0-9a-f]{16}$/);
    expect(userId("alice")).toBe(userId("alice"));
    expect(userId("alice")).not.toBe(userId("bob"));
  });

  test("are plain or absent when configured so", () => {
    expect(createLogPrivacy({ userIds: "plain", ip: "full" }).userId("alice")).toBe("alice");
    expect(createLogPrivacy({ userIds: "off", ip: "full" }).userId("alice")).toBeNull();
  });
});

describe("addresses in the log", () => {
  const { ip } = createLogPrivacy({ userIds: "hash", ip: "prefix" });

  test.each([
    ["203.0.113.77", "203.0.113.0/24"],
    ["::ffff:203.0.113.77", "203.0.113.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
  ])("%s is cut to %s", (address, expected) => {
    expect(ip(address)).toBe(expected);
  });

  test("are whole when configured so", () => {
    expect(createLogPrivacy({ userIds: "hash", ip: "full" }).ip("203.0.113.77")).toBe("203.0.113.77");
  });
});
