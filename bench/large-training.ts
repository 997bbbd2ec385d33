/** Times a training on a made-up large catalogue, straight from the generator: users, items, events at most. */

import { memoryPlan } from "../src/models/memory-plan.ts";
import { encodeModel, servedPart } from "../src/models/model-file.ts";
import { train } from "../src/models/train.ts";
import { TrainingLogBuilder } from "../src/models/training-log.ts";
import { catalogueEvents } from "./data/large-catalogue.ts";

const MEGABYTE = 1_048_576;
const [users = 1_000_000, items = 100_000, maxMegabytes = 2_048] = process.argv.slice(2).map(Number);
const plan = memoryPlan(maxMegabytes * MEGABYTE, items, 4_000, false);
const builder = new TrainingLogBuilder();
let last = "";
for (const event of catalogueEvents({ users, items, seed: 1 })) {
  if (event.userId !== last) {
    // The generator's users are in no order of time, so that the first ones are as good as the newest.
    if (builder.eventCount >= plan.maxEvents) break;
    builder.endUser();
  }
  last = event.userId;
  builder.add(event);
}
const log = builder.build();
const startedMs = performance.now();
const before = process.cpuUsage();
const stages: { stage: string; s: number }[] = [];
const trained = train(log, {
  runId: "20260101_023000",
  texts: new Map(
    Array.from({ length: items }, (_, item) => [
      `item-${item}`,
      {
        title: `Thing ${item % 977}`,
        category: `department-${item % (items / 1_000)}`,
        author: null,
        tags: [],
      },
    ]),
  ),
  halfLifeHours: 8_760,
  easeMaxRows: plan.easeMaxRows,
  ialsMaxUsers: plan.ialsMaxUsers,
  listLength: plan.listLength,
  onStage: (stage) => stages.push({ stage, s: Math.round((performance.now() - startedMs) / 1_000) }),
});
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    bench: "large-training",
    events: log.items.length,
    users: log.starts.length - 1,
    items: log.itemIds.length,
    cpu_s: Number(((user + system) / 1e6).toFixed(1)),
    wall_s: Number(((performance.now() - startedMs) / 1_000).toFixed(1)),
    peak_rss_mb: Math.ceil(process.resourceUsage().maxRSS / 1_024),
    allowed_mb: maxMegabytes,
    planned: plan,
    model_mb: Math.ceil(encodeModel(servedPart(trained.model)).length / MEGABYTE),
    ials: { ...trained.ials, ...trained.settings.ials, probes: trained.model.factors?.probes },
    weights: trained.settings.weights,
    validation: trained.validation,
    stages,
  }),
);
