import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { murmur2, partitionFor } from "../../../src/events/partitioner.ts";
import { fixtureLines } from "./bodies.ts";

interface Vector {
  readonly key: string;
  readonly hash: number;
  readonly mod6?: number;
  readonly mod8?: number;
  readonly mod64?: number;
}

const VECTORS: Vector[] = fixtureLines("partitions.jsonl").map((line) => JSON.parse(line));

describe("partitioner", () => {
  test.each(VECTORS)("hashes $key as Kafka does", ({ key, hash }) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  test.each(VECTORS.filter(({ mod6 }) => mod6 !== undefined))("places $key as Kafka does", (vector) => {
    const { key, mod6, mod8, mod64 } = vector;
    expect([6, 8, 64].map((count) => partitionFor(key, count))).toEqual([mod6, mod8, mod64] as number[]);
  });

  test("always names a partition that exists", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 1000 }), (key, count) => {
        const partition = partitionFor(key, count);
        expect(Number.isInteger(partition) && partition >= 0 && partition < count).toBe(true);
      }),
    );
  });
});
