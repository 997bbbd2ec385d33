/** Every event log driver against the one contract. */

import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { MAX_RECORD_BYTES } from "../../src/stores/eventlog/embedded-producer.ts";
import { testDatabase } from "../support/databases.ts";
import { describeEventLog } from "./event-log-suite.ts";

describeEventLog("embedded", async () => {
  const database = await testDatabase();
  let topics = 0;
  return {
    log: createEmbeddedLog({
      pool: database.pool(),
      clock: systemClock,
      random: systemRandom,
      group: { leaseMs: 900, renewMs: 300 },
    }),
    topic: () => `contract.${++topics}`,
    tooLarge: MAX_RECORD_BYTES + 1,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
});
