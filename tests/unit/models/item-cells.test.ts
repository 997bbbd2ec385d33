/** The index of the factors: an exact one is exact, a larger one finds what it promises. */

import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../src/core/random.ts";
import type { Factorised } from "../../../src/models/ials.ts";
import { indexFactors } from "../../../src/models/item-cells.ts";
import { FactorSearch, product } from "../../../src/recommend/factor-search.ts";
import { FACTORS, type ItemFactors } from "../../../src/recommend/item-factors.ts";

const ITEMS = 6_000;
const USERS = 400;
const TOPICS = 120;

/** Items around the vectors of topics, few of them long, and users of a few topics each. */
function made(seed: number): Factorised {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const topics = Float32Array.from({ length: TOPICS * FACTORS }, normal);
  const items = new Float32Array(ITEMS * FACTORS);
  for (let item = 0; item < ITEMS; item++) {
    const topic = Math.floor(TOPICS * random.next()) * FACTORS;
    const length = 0.1 + random.next() ** 4;
    for (let k = 0; k < FACTORS; k++)
      items[item * FACTORS + k] = length * ((topics[topic + k] as number) + 0.8 * normal());
  }
  const users = new Float32Array(USERS * FACTORS);
  for (let user = 0; user < USERS; user++) {
    for (let times = 0; times < 3; times++) {
      const topic = Math.floor(TOPICS * random.next()) * FACTORS;
      for (let k = user * FACTORS; k < (user + 1) * FACTORS; k++)
        users[k] = (users[k] as number) + (topics[topic + (k % FACTORS)] as number) + 0.3 * normal();
    }
  }
  const ground = { base: new Float64Array(FACTORS).fill(1), ridge: 0.1 };
  return { items, users, ground, sweeps: 1 };
}

const vectorOf = ({ users }: Factorised, user: number) =>
  Float64Array.from(users.subarray(user * FACTORS, (user + 1) * FACTORS));

function found(factors: ItemFactors, vector: Float64Array, accepts: (item: number) => boolean = () => true) {
  const items: number[] = [];
  const values: number[] = [];
  new FactorSearch(200).best(factors, vector, accepts, (item, value) => {
    items.push(item);
    values.push(value);
  });
  return { items, values };
}

/** By sorting everything. */
function exact({ items }: Factorised, vector: Float64Array, accepts: (item: number) => boolean = () => true) {
  return Array.from({ length: ITEMS }, (_, item) => ({ item, value: product(vector, items, item * FACTORS) }))
    .filter(({ item, value }) => value > 0 && accepts(item))
    .sort((a, b) => b.value - a.value || a.item - b.item)
    .slice(0, 200)
    .map(({ item }) => item);
}

const learned = made(1);

describe("the index of factors", () => {
  test("of few items is one cell, and its search is exact", () => {
    const { factors, recall } = indexFactors(learned, ITEMS);
    expect([factors.spreads.length, factors.probes, recall]).toEqual([1, 1, null]);
    for (let user = 0; user < 20; user++)
      expect(found(factors, vectorOf(learned, user)).items).toEqual(exact(learned, vectorOf(learned, user)));
  });

  const { factors, recall } = indexFactors(learned, 1_000);

  test("has each item once, where its place says", () => {
    expect([...factors.items].sort((a, b) => a - b)).toEqual(
      Array.from({ length: ITEMS }, (_, item) => item),
    );
    for (const [place, item] of factors.items.entries()) {
      expect(factors.places[item]).toBe(place);
      const [from, at] = [item * FACTORS, place * FACTORS];
      expect(factors.vectors.subarray(at, at + FACTORS)).toEqual(
        learned.items.subarray(from, from + FACTORS),
      );
    }
  });

  test("finds at least .95 of what an exact search does for users it was not measured on, and reads a part", () => {
    let hits = 0;
    let wanted = 0;
    for (let user = 1; user < USERS; user += 2) {
      const best = new Set(exact(learned, vectorOf(learned, user)));
      wanted += best.size;
      hits += found(factors, vectorOf(learned, user)).items.filter((item) => best.has(item)).length;
    }
    expect(recall).toBeGreaterThanOrEqual(0.97);
    expect(hits / wanted).toBeGreaterThanOrEqual(0.95);
    expect(factors.probes).toBeLessThan(factors.spreads.length / 2);
  });

  test("hands over the largest first, and nothing that is not accepted, but others in its place", () => {
    const vector = vectorOf(learned, 5);
    const first = found(factors, vector);
    expect(first.values).toEqual(first.values.toSorted((a, b) => b - a));
    const refused = new Set(first.items.slice(0, 50));
    const others = found(factors, vector, (item) => !refused.has(item));
    expect(others.items.length).toBe(200);
    expect(others.items.some((item) => refused.has(item))).toBe(false);
    expect(others.items.slice(0, 150)).toEqual(first.items.slice(50));
  });

  test("is the same for the same vectors", () => {
    expect(indexFactors(made(1), 1_000)).toEqual(indexFactors(learned, 1_000));
  });
});
