/** Prints the events of a made-up shop as CSV, for `reco evaluate --input` and `reco import`: sessions, items, seed. */

import { shopEvents } from "./data/shop.ts";

const [sessions = 20_000, items = 5_000, seed = 1] = process.argv.slice(2).map(Number);
const lines = ["user_id,item_id,event_type,ts"];
for (const { userId, itemId, tsMs } of shopEvents({ sessions, items, seed }))
  lines.push(`${userId},${itemId},click,${tsMs}`);
console.log(lines.join("\n"));
