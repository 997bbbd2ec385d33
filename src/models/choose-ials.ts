/** Tries a few settings of iALS on the newest events, one after the other, on as many users as that may cost. */

import type { ItemFactors } from "../recommend/item-factors.ts";
import { factoriseTakes, type IalsOptions } from "./ials.ts";
import type { IalsSettings } from "./ials-rows.ts";
import { indexFactors } from "./item-cells.ts";
import type { Takes } from "./takes.ts";

export const DEFAULT_IALS: IalsSettings = { unobservedWeight: 0.01, lambda: 0.01 };

/** What is tried beside the default: first how much unknown pairs count, then how strongly vectors are held small. */
const UNOBSERVED_WEIGHTS = [0.001, 0.1];
const LAMBDAS = [0.002, 0.05];
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
  const attempt = (settings: IalsSettings) => {
    const found = learned(settings);
    const its = figureOf(unindexed(found), settings);
    if (its <= figure) return;
    figure = its;
    best = { settings, learned: found };
  };
  for (const unobservedWeight of UNOBSERVED_WEIGHTS) {
    if (mayGoOn()) attempt({ ...DEFAULT_IALS, unobservedWeight });
  }
  const { unobservedWeight } = best.settings;
  for (const lambda of LAMBDAS) if (mayGoOn()) attempt({ unobservedWeight, lambda });
  return { settings: best.settings, factors: indexFactors(best.learned).factors };
}

const unindexed = (learned: ReturnType<typeof factoriseTakes>) =>
  indexFactors(learned, Number.POSITIVE_INFINITY).factors;
