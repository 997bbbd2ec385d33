/** Personal data as it may stand in the log: user ids hashed, addresses cut to their network. */

import { createHash } from "node:crypto";

export interface LogPrivacy {
  /** 16 hex characters of a hash, the id itself, or null, as `LOG_USER_IDS` says. */
  userId(userId: string): string | null;
  /** The address, or its /24 or /64 network, as `LOG_IP` says. */
  ip(address: string): string;
}

export function createLogPrivacy(mode: {
  readonly userIds: "hash" | "plain" | "off";
  readonly ip: "full" | "prefix";
}): LogPrivacy {
  return {
    userId(userId) {
      if (mode.userIds === "off") return null;
      return mode.userIds === "plain" ? userId : hash(userId);
    },
    ip: (address) => (mode.ip === "full" ? address : network(address)),
  };
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

function network(address: string): string {
  const ipv4 = /(?:^|:)(\d+\.\d+\.\d+)\.\d+$/.exec(address)?.[1];
  if (ipv4) return `${ipv4}.0/24`;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter(Boolean);
  const missing = 8 - groups.length - (tail?.split(":").filter(Boolean).length ?? 0);
  if (tail !== undefined) groups.push(...new Array<string>(Math.max(missing, 0)).fill("0"));
  while (groups.length < 4) groups.push("0");
  return `${groups.slice(0, 4).join(":")}::/64`;
}
