/** Makes the requests of a load as the bytes that go over the wire. */

import { itemName, userName } from "../data/names.ts";
import type { RequestPlan } from "./plan.ts";

/** Answers the next request each time; ids of events are new in every run. */
export function requestMaker(plan: RequestPlan, port: number): () => string {
  const host = `Host: 127.0.0.1:${port}\r\nUser-Agent: reco-bench\r\n`;
  const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host}\r\n`;
  const post = (path: string, body: string) =>
    `POST ${path} HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const run = `${Date.now().toString(36)}-${process.pid}`;
  let sequence = 0;
  switch (plan.kind) {
    case "reco": {
      const tail = `&session_id=s-1&k=20&x_autolog_impressions=${plan.autolog}`;
      return () => get(`/reco?user_id=${userName(below(plan.users))}${tail}`);
    }
    case "health":
      return () => get("/healthz");
    case "each-user":
      return () =>
        get(
          `/reco?user_id=${userName(scattered(sequence++, plan.users))}&session_id=s-1&x_autolog_impressions=false`,
        );
    case "event":
      return () => post("/event", directEvent(`${run}-${sequence++}`, plan));
    case "watch":
      return () => post("/log/watch", `{${watchFields(`${run}-${sequence++}`, plan)}}`);
    case "batch":
      return () => {
        const events = Array.from(
          { length: plan.size },
          () => `{"event_type":"watch",${watchFields(`${run}-${sequence++}`, plan)}}`,
        );
        return post("/log/batch", `{"events":[${events.join(",")}]}`);
      };
  }
}

interface Population {
  readonly users: number;
  readonly items: number;
}

const directEvent = (id: string, { users, items }: Population) =>
  `{"event_id":"${id}","user_id":"${userName(below(users))}","item_id":"${itemName(skewed(items))}",` +
  `"event_type":"click","ts":${Date.now()}}`;

const watchFields = (id: string, { users, items }: Population) =>
  `"event_id":"${id}","user_id":"${userName(below(users))}","session_id":"s-1","request_id":"bench",` +
  `"item_id":"${itemName(skewed(items))}","ts_ms":${Date.now()},"watch_time_sec":60,"percent_watched":90`;

const below = (limit: number) => Math.floor(limit * Math.random());
/** Low numbers come more often, as popular items do. */
const skewed = (limit: number) => Math.floor(limit * Math.random() ** 3);

/** Odd and not a multiple of 5, so that it walks through all of any round number of users. */
const STRIDE = 7_919;
const scattered = (index: number, limit: number) => (index * STRIDE) % limit;
