/**
 * EASE (Steck 2019): the linear item-to-item weights that reconstruct what users took, in closed form.
 *
 * B = I - P diag(1 / diag P) with P = (X'X + lambda I)^-1, of which each item keeps its largest weights.
 */

import type { ItemLists } from "../recommend/item-lists.ts";
import { dualLists } from "./ease-dual.ts";
import { ItemListsBuilder } from "./item-lists-builder.ts";
import { invertSymmetric } from "./symmetric-inverse.ts";
import type { Takes } from "./takes.ts";

/** With more rows than fit, items that fewer users took are left to the other sources. */
const MIN_USERS = 5;
/** Multiplications that the lists of the dual form may cost: about two minutes. */
const MAX_DUAL_PRODUCTS = 2e11;

export interface EaseProblem {
  /** `dual` inverts a matrix of users, `primal` one of items. */
  readonly form: "dual" | "primal";
  /** Rows of the matrix to invert. */
  readonly rows: number;
  solve(lambda: number): ItemLists;
}

/** The cheaper form whose matrix has at most `maxRows` rows, or null when none has. */
export function easeProblem(takes: Takes, maxRows: number): EaseProblem | null {
  const shape = shapeOf(takes, maxRows);
  if (shape === null) return null;
  return shape === "dual" ? dual(takes) : primal(takes, shape);
}

/** Whether there is such a form: asked without the cost of the matrix. */
export const easeFits = (takes: Takes, maxRows: number): boolean => shapeOf(takes, maxRows) !== null;

/** The dual form, or the items of the primal one. */
function shapeOf(takes: Takes, maxRows: number): "dual" | Int32Array | null {
  const { userCount, itemCount, itemStarts, userItems } = takes;
  const all = Int32Array.from({ length: itemCount }, (_, item) => item);
  const products = itemCount * userItems.length;
  if (userCount < itemCount && userCount <= maxRows && products <= MAX_DUAL_PRODUCTS) return "dual";
  if (itemCount <= maxRows) return all;
  const known = all.filter(
    (item) => (itemStarts[item + 1] as number) - (itemStarts[item] as number) >= MIN_USERS,
  );
  return known.length > 0 && known.length <= maxRows ? known : null;
}

/**
 * By the Woodbury identity X'X + lambda I has the inverse (I - X' M X) / lambda with M = (X X' + lambda I)^-1, so that
 * B[i, j] = Q[i, j] / (1 - Q[j, j]) with Q = X' M X: rows of Q are sums of rows of M, spread over what users took.
 */
function dual(takes: Takes): EaseProblem {
  const { userCount, itemCount, itemStarts, itemUsers } = takes;
  const gram = new Float64Array(userCount * userCount);
  for (let item = 0; item < itemCount; item++) addSquare(gram, userCount, itemUsers, itemStarts, item);
  const solve = (lambda: number) => {
    const inverse = regularised(gram, userCount, lambda);
    invertSymmetric(inverse, userCount);
    return dualLists(inverse, takes);
  };
  return { form: "dual", rows: userCount, solve };
}

/** Only `chosen` items have weights, to one another. */
function primal(takes: Takes, chosen: Int32Array): EaseProblem {
  const { itemCount, userCount, userStarts, userItems } = takes;
  const size = chosen.length;
  const rowOf = new Int32Array(itemCount).fill(-1);
  for (let row = 0; row < size; row++) rowOf[chosen[row] as number] = row;
  const rows = userItems.map((item) => rowOf[item] as number);
  const gram = new Float64Array(size * size);
  for (let user = 0; user < userCount; user++) addSquare(gram, size, rows, userStarts, user);
  const solve = (lambda: number) => {
    const inverse = regularised(gram, size, lambda);
    invertSymmetric(inverse, size);
    const lists = new ItemListsBuilder();
    for (let item = 0; item < itemCount; item++) {
      const row = rowOf[item] as number;
      for (let column = 0; row >= 0 && column < size; column++) {
        if (column === row) continue;
        const own = inverse[column * size + column] as number;
        lists.offer(chosen[column] as number, -(inverse[row * size + column] as number) / own);
      }
      lists.endList();
    }
    return lists.build();
  };
  return { form: "primal", rows: size, solve };
}

/** Adds 1 for each pair of the rows that `entries` names for `which`; -1 names none. */
function addSquare(
  gram: Float64Array,
  size: number,
  entries: Int32Array,
  starts: Int32Array,
  which: number,
): void {
  const end = starts[which + 1] as number;
  for (let place = starts[which] as number; place < end; place++) {
    const row = entries[place] as number;
    if (row < 0) continue;
    const at = row * size;
    for (let other = starts[which] as number; other < end; other++) {
      const column = entries[other] as number;
      if (column >= 0) gram[at + column] = (gram[at + column] as number) + 1;
    }
  }
}

function regularised(gram: Float64Array, size: number, lambda: number): Float64Array {
  const matrix = gram.slice();
  for (let row = 0; row < size; row++)
    matrix[row * size + row] = (matrix[row * size + row] as number) + lambda;
  return matrix;
}
