/** Discounted gain of the one right item: 1 at the top, .5 at rank 3. No list is better than having it at the top. */
export const ndcg = (rank: number, depth: number): number => (rank <= depth ? 1 / Math.log2(rank + 1) : 0);
