/** The reference of all serving figures: one bare hono route that answers a body of the size of a `/reco` answer. */

import { Hono } from "hono";
import { itemName } from "../data/names.ts";

const BODY = {
  request_id: "req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f",
  items: Array.from({ length: 20 }, (_, index) => itemName(1_000 + index)),
  model_version: "rules-v1",
  strategy: "co_vis_popularity_hybrid",
};

const app = new Hono();
app.get("/reco", (c) => c.json(BODY));
Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), reusePort: true, fetch: app.fetch });
