/** The list of checks of a database that answers. */

import type { Check } from "./check.ts";
import { judgeDeadLetters } from "./retention.ts";
import { judgeSchema } from "./schema.ts";
import { judgeClock, judgeConnections, judgeServer, judgeTls } from "./server-checks.ts";
import type { StoreFacts } from "./store.ts";

export const STORE_CHECKS: readonly Check<StoreFacts>[] = [
  { name: "store_version", run: judgeServer },
  { name: "store_clock", run: judgeClock },
  { name: "store_connections", run: judgeConnections },
  { name: "store_tls", run: judgeTls },
  { name: "schema", run: judgeSchema },
  {
    name: "dead_letters",
    run: ({ config, oldestDeadLetterMs: ageMs }) => (ageMs === null ? null : judgeDeadLetters(config, ageMs)),
  },
];
