/** Prints the events of made-up people as CSV, for `reco evaluate --input`: kind, people, items, seed. */

import { CROWDS, type Crowd, crowdEvents } from "./data/crowds.ts";

const [kind = "films", ...numbers] = process.argv.slice(2);
const [people = 600, items = 1_000, seed = 1] = numbers.map(Number);
if (!Object.hasOwn(CROWDS, kind)) throw new Error(`no ${kind} among ${Object.keys(CROWDS).join(", ")}`);
const lines = ["user_id,item_id,event_type,ts"];
for (const { userId, itemId, tsMs } of crowdEvents(kind as Crowd, { people, items, seed }))
  lines.push(`${userId},${itemId},click,${tsMs}`);
console.log(lines.join("\n"));
