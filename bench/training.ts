/** Times a training on the events of a made-up shop and tells the memory it took: sessions, items, rows of EASE. */

import { inTimeOrder } from "../src/events/fold-order.ts";
import type { Interaction } from "../src/events/model.ts";
import { memoryPlan } from "../src/models/memory-plan.ts";
import { encodeModel, servedPart } from "../src/models/model-file.ts";
import { train } from "../src/models/train.ts";
import { TrainingLogBuilder } from "../src/models/training-log.ts";
import { shopEvents } from "./data/shop.ts";

const MEGABYTE = 1_048_576;
const [sessions = 200_000, items = 100_000, maxRows = 4_000] = process.argv.slice(2).map(Number);
const plan = memoryPlan(2_048 * MEGABYTE, items, maxRows, false);
const log = makeLog();
const before = process.cpuUsage();
const trained = train(log, {
  runId: "20260101_023000",
  texts: new Map(Array.from({ length: items }, (_, item) => [`p${item}`, text(item)])),
  halfLifeHours: 8_760,
  easeMaxRows: plan.easeMaxRows,
  ialsMaxUsers: plan.ialsMaxUsers,
  listLength: plan.listLength,
  onStage: (stage) => console.error(stage),
});
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    bench: "training",
    events: log.items.length,
    users: log.starts.length - 1,
    items: log.itemIds.length,
    ease: trained.easeForm,
    ials: trained.ials && { ...trained.ials, ...trained.settings.ials },
    cpu_s: Number(((user + system) / 1e6).toFixed(1)),
    peak_rss_mb: Math.ceil(process.resourceUsage().maxRSS / 1024),
    model_mb: Math.ceil(encodeModel(servedPart(trained.model)).length / MEGABYTE),
    planned: plan,
    weights: trained.settings.weights,
    validation: trained.validation,
  }),
);

function text(item: number) {
  const topic = item % Math.max(1, Math.floor(items / 100));
  return {
    title: `Thing ${item % 977} of ${topic}`,
    category: `topic ${topic}`,
    author: null,
    tags: [`t${item % 13}`],
  };
}

function makeLog() {
  const events: Interaction[] = [];
  for (const event of shopEvents({ sessions, items, seed: 1 })) {
    events.push({ ...event, eventId: "", signal: "click", origin: "direct" });
  }
  const builder = new TrainingLogBuilder();
  for (const timeline of inTimeOrder(events).values()) {
    for (const event of timeline) builder.add(event);
    builder.endUser();
  }
  return builder.build();
}
