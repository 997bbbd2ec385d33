/** Tries a few settings of iALS on the newest events, one after the other, on as many users as that may cost. */

import type { ItemFactors } from "../recommend/item-factors.ts";
import { factoriseTakes, type IalsOptions } from "./ials.ts";
import type { IalsSettings } from "./ials-rows.ts";
import { indexFactors } from "./item-cells.ts";
import type { Takes } from "./takes.ts";

export const DEFAULT_IALS: IalsSettings = { unobservedWeight: 0.1, lambda: 0.003 };

/** Tried as long as each is better than the one before; the second list where the first one's begin is not. */
const UNOBSERVED_WEIGHTS = [
  [0.3, 1],
  [0.03, 0.01, 0.003],
] as const;
const LAMBDAS = [[0.01, 0.03], [0.001]] as const;
/** Vectors settle sooner than the last digits of a figure would show. */
const SWEEPS = 4;
const MAX_USERS = 100_000;
const MAX_PRODUCTS = 2e10;

export interface IalsChoice {
  readonly settings: IalsSettings;
  /** Of the users that the choice was made on, with an index. */
  readonly factors: ItemFactors;
}

export function chooseIals(
  takes: Takes,
  maxUsers: number,
  mayGoOn: () => boolean,
  figureOf: (factors: ItemFactors, settings: IalsSettings) => number,
): IalsChoice {
  const options: IalsOptions = {
    sweeps: SWEEPS,
    maxUsers: Math.min(maxUsers, MAX_USERS),
    maxProducts: MAX_PRODUCTS,
    mayGoOn,
  };
  const learned = (settings: IalsSettings) => factoriseTakes(takes, settings, options);
  let best = { settings: DEFAULT_IALS, learned: learned(DEFAULT_IALS) };
  let figure = figureOf(unindexed(best.learned), DEFAULT_IALS);
  /** Whether it is better than what there was. */
  const attempt = (settings: IalsSettings) => {
    if (!mayGoOn()) return false;
    const found = learned(settings);
    const its = figureOf(unindexed(found), settings);
    if (its <= figure) return false;
    figure = its;
    best = { settings, learned: found };
    return true;
  };
  const climb = (name: keyof IalsSettings, [up, down]: readonly [readonly number[], readonly number[]]) => {
    const isBetter = (value: number) => attempt({ ...best.settings, [name]: value });
    const [first = 0, ...others] = up;
    if (isBetter(first)) others.every(isBetter);
    else down.every(isBetter);
  };
  climb("unobservedWeight", UNOBSERVED_WEIGHTS);
  climb("lambda", LAMBDAS);
  return { settings: best.settings, factors: indexFactors(best.learned).factors };
}

const unindexed = (learned: ReturnType<typeof factoriseTakes>) =>
  indexFactors(learned, Number.POSITIVE_INFINITY).factors;
