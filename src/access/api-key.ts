/** Decides whether a presented API key is one of the configured ones, in a time that tells nothing. */

import { createHash, timingSafeEqual } from "node:crypto";

export type ApiKeyVerdict = "valid" | "missing" | "invalid";

/**
 * Compares hashes, so that neither a key's length nor its first wrong character shows in the time taken,
 * and always against every configured key. An absent key costs the same as a wrong one.
 */
export function createApiKeyCheck(keys: readonly string[]): (presented: string | null) => ApiKeyVerdict {
  const known = keys.map(digest);
  return (presented) => {
    const given = digest(presented ?? "");
    let matches = 0;
    for (const key of known) matches |= Number(timingSafeEqual(key, given));
    if (presented === null || presented === "") return "missing";
    return matches === 1 ? "valid" : "invalid";
  };
}

const digest = (text: string) => createHash("sha256").update(text).digest();
