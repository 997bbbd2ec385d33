/** The lines in which librdkafka 2.15 tells what no call of it does, word for word. */

import { expect, test } from "bun:test";
import { renewedTopicIn } from "../../../../../src/stores/eventlog/confluent/node/log-lines.ts";

test("a topic that took the place of another is told, and one that is new is not", () => {
  const line = (from: string) =>
    `[thrd:main]: Topic recsys.watches.v1 changed id from ${from} to v+37me8LQv6wgPD+oehG/A`;
  expect(renewedTopicIn(line("ADKQ3pzwSOa6dUt3AjgUTg"))).toBe("recsys.watches.v1");
  expect(renewedTopicIn(line("AAAAAAAAAAAAAAAAAAAAAA"))).toBeNull();
});
