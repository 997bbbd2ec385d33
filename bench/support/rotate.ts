/** The order of candidates in a round. */

/** Everybody comes first once. */
export const rotated = <T>(list: readonly T[], round: number): T[] => [
  ...list.slice(round % list.length),
  ...list.slice(0, round % list.length),
];
