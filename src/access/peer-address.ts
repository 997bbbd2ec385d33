/** Tells whether a caller sits on this machine or in a private network. */

import { BlockList, isIPv4, isIPv6 } from "node:net";

/** RFC 1918, RFC 4193, RFC 4291 link-local and the loopback ranges. */
const PRIVATE = new BlockList();
PRIVATE.addSubnet("127.0.0.0", 8, "ipv4");
PRIVATE.addSubnet("10.0.0.0", 8, "ipv4");
PRIVATE.addSubnet("172.16.0.0", 12, "ipv4");
PRIVATE.addSubnet("192.168.0.0", 16, "ipv4");
PRIVATE.addAddress("::1", "ipv6");
PRIVATE.addSubnet("fc00::", 7, "ipv6");
PRIVATE.addSubnet("fe80::", 10, "ipv6");

const MAPPED_V4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** False for what is no address, and for an unknown one. */
export function isPrivateAddress(address: string | null): boolean {
  if (address === null) return false;
  const plain = MAPPED_V4.exec(address)?.[1] ?? address;
  if (isIPv4(plain)) return PRIVATE.check(plain, "ipv4");
  return isIPv6(plain) && PRIVATE.check(plain, "ipv6");
}
