/**
 * Implicit ALS (Hu, Koren and Volinsky 2008): a vector for each user and item whose products say what was taken.
 *
 * Least of: sum over seen pairs of c (1 - x'y)^2 + unobserved weight * sum over all pairs of (x'y)^2
 * + lambda * sum over rows of (sum of its c + unobserved weight * rows of the other side) |row|^2,
 * the objective of iALS++ with its regularisation by frequency (Rendle et al. 2022). c = log2(1 + signal weight), 1 on average.
 */

import { seededRandom } from "../core/random.ts";
import { SIGNAL_WEIGHT } from "../events/model.ts";
import { FACTORS } from "../recommend/item-factors.ts";
import { emphasisBy } from "../recommend/profile-weights.ts";
import { type Ground, groundOf, type IalsSettings, RowSolver, type Side } from "./ials-rows.ts";
import type { Takes } from "./takes.ts";

export interface IalsOptions {
  readonly sweeps: number;
  /** Users beyond this number are left out, those with the fewest items first. */
  readonly maxUsers: number;
  /** Multiplications of all sweeps together; there are at least two sweeps whatever they cost. */
  readonly maxProducts: number;
  /** Asked before each sweep but the first two; false ends the training with what there is. */
  readonly mayGoOn: () => boolean;
}

export interface Factorised {
  /** `FACTORS` numbers an item, in the basis of `ground`. */
  readonly items: Float32Array;
  /** The same for each user that was not left out: what a fold-in of the user's items gives. */
  readonly users: Float32Array;
  /** What a user's vector is solved with. */
  readonly ground: Ground;
  /** How many there were. */
  readonly sweeps: number;
}

const SEED = 64;
const FIRST_DEVIATION = 0.1;
const LEAST_SWEEPS = 2;

/** Equal takes and options give equal numbers, as long as `mayGoOn` does. */
export function factoriseTakes(takes: Takes, settings: IalsSettings, options: IalsOptions): Factorised {
  const { users, items } = sidesOf(takes, options.maxUsers);
  const confidences = confidencesOf(users);
  const active = { users: activeRows(users), items: activeRows(items) };
  const vectors = {
    users: new Float32Array(users.count * FACTORS),
    items: firstVectors(items),
  };
  const solver = new RowSolver();
  const cost = productsOf(users) + productsOf(items);
  const planned = Math.max(LEAST_SWEEPS, Math.min(options.sweeps, Math.floor(options.maxProducts / cost)));
  let sweeps = 0;
  let ground = groundOf(vectors.items, active.items, settings);
  const solveUsers = () => solver.solveAll(ground, vectors.items, users, confidences, vectors.users);
  solveUsers();
  while (sweeps < planned && (sweeps < LEAST_SWEEPS || options.mayGoOn())) {
    const other = groundOf(vectors.users, active.users, settings);
    solver.solveAll(other, vectors.users, items, confidences, vectors.items);
    ground = groundOf(vectors.items, active.items, settings);
    solveUsers();
    sweeps++;
  }
  return { ...vectors, ground, sweeps };
}

/** By weight of the signal: 1 on average over what was taken. */
export function confidencesOf({ weights }: Pick<Side, "weights">): Float64Array {
  const raw = emphasisBy(SIGNAL_WEIGHT);
  let sum = 0;
  for (const weight of weights) sum += raw[weight] as number;
  return raw.map((value) => (value * weights.length) / (sum || 1));
}

/** Both sides of the takes; users with the fewest items are left out until no more than `maxUsers` stay. */
function sidesOf(takes: Takes, maxUsers: number): { users: Side; items: Side } {
  const { userCount, userStarts, userItems, userWeights, itemCount, itemStarts, itemUsers, itemWeights } =
    takes;
  const sizes = new Int32Array(userCount);
  for (let user = 0; user < userCount; user++)
    sizes[user] = (userStarts[user + 1] as number) - (userStarts[user] as number);
  // Of users with as many items as the last one that fits, the first ones.
  const least = maxUsers < userCount ? (sizes.toSorted()[userCount - maxUsers] as number) : 1;
  let room = maxUsers - sizes.reduce((sum, size) => sum + (size > least ? 1 : 0), 0);
  const rowOf = new Int32Array(userCount).fill(-1);
  let count = 0;
  for (let user = 0; user < userCount; user++) {
    const size = sizes[user] as number;
    if (size > least || (size > 0 && size === least && room-- > 0)) rowOf[user] = count++;
  }
  const starts = new Int32Array(count + 1);
  const others = new Int32Array(userItems.length);
  const weights = new Uint8Array(userItems.length);
  let length = 0;
  for (let user = 0; user < userCount; user++) {
    const row = rowOf[user] as number;
    if (row < 0) continue;
    const [from, to] = [userStarts[user] as number, userStarts[user + 1] as number];
    others.set(userItems.subarray(from, to), length);
    weights.set(userWeights.subarray(from, to), length);
    length += to - from;
    starts[row + 1] = length;
  }
  return {
    users: { count, starts, others: others.subarray(0, length), weights: weights.subarray(0, length) },
    items: {
      count: itemCount,
      starts: itemStarts,
      others: itemUsers.map((user) => rowOf[user] as number),
      weights: itemWeights,
    },
  };
}

function activeRows({ count, starts, others }: Side): number {
  let active = 0;
  for (let row = 0; row < count; row++) {
    let entry = starts[row] as number;
    const end = starts[row + 1] as number;
    while (entry < end && (others[entry] as number) < 0) entry++;
    if (entry < end) active++;
  }
  return active;
}

/** What nobody took has no vector. */
function firstVectors({ count, starts }: Side): Float32Array {
  const random = seededRandom(SEED);
  const vectors = new Float32Array(count * FACTORS);
  for (let row = 0; row < count; row++) {
    if (starts[row] === starts[row + 1]) continue;
    for (let k = row * FACTORS; k < (row + 1) * FACTORS; k++) {
      const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
      vectors[k] = FIRST_DEVIATION * radius * Math.cos(2 * Math.PI * random.next());
    }
  }
  return vectors;
}

/** Multiplications of solving all rows of a side, and of the common part of the other one's. */
function productsOf({ count, starts }: Side): number {
  let products = count * FACTORS * FACTORS * 1.5;
  for (let row = 0; row < count; row++) {
    const entries = (starts[row + 1] as number) - (starts[row] as number);
    const size = Math.min(entries, FACTORS);
    products += (entries * size * FACTORS) / 2 + size ** 3 / 6;
  }
  return products;
}
