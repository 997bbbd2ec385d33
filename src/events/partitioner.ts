/** Chooses the partition of a key exactly as Kafka's Java client does by default. */

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** The partition of `key` among `partitions`: 0 to `partitions` - 1. */
export function partitionFor(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, "utf8")) & 0x7fffffff) % partitions;
}

/** MurmurHash2 with Kafka's seed, as a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  let hash = SEED ^ bytes.length;
  const wholeWords = bytes.length & ~3;
  for (let at = 0; at < wholeWords; at += 4) {
    const word = Math.imul(
      byteAt(bytes, at) |
        (byteAt(bytes, at + 1) << 8) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 3) << 24),
      MULTIPLIER,
    );
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word ^ (word >>> 24), MULTIPLIER);
  }
  const rest = bytes.length - wholeWords;
  if (rest > 2) hash ^= byteAt(bytes, wholeWords + 2) << 16;
  if (rest > 1) hash ^= byteAt(bytes, wholeWords + 1) << 8;
  if (rest > 0) hash = Math.imul(hash ^ byteAt(bytes, wholeWords), MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

const byteAt = (bytes: Uint8Array, at: number) => bytes[at] ?? 0;
