/** The lines in which librdkafka 2.15 tells what no call of it does, word for word. */

import { expect, test } from "bun:test";
import { generationIn, renewedTopicIn } from "../../../../../src/stores/eventlog/confluent/node/log-lines.ts";

test("both protocols tell the generation", () => {
  expect(
    generationIn(
      "[thrd:main]: JoinGroup response: GenerationId 12, Protocol roundrobin, LeaderId rdkafka-1 (me), my MemberId rdkafka-1, member metadata count 1: (no error)",
    ),
  ).toBe(12);
  expect(
    generationIn(
      '[thrd:main]: ConsumerGroupHeartbeat response received for member id "AK6+nMExSEiy1fFai/M/wA" with epoch 3',
    ),
  ).toBe(3);
});

test("other lines, and a member that has no id yet, tell none", () => {
  expect(
    generationIn(
      "[thrd:main]: JoinGroup response: GenerationId -1, Protocol , LeaderId , my MemberId rdkafka-1",
    ),
  ).toBeNull();
  expect(generationIn('[thrd:main]: Group "g" changed state up -> up (epoch 4)')).toBeNull();
});

test("a topic that took the place of another is told, and one that is new is not", () => {
  const line = (from: string) =>
    `[thrd:main]: Topic recsys.watches.v1 changed id from ${from} to v+37me8LQv6wgPD+oehG/A`;
  expect(renewedTopicIn(line("ADKQ3pzwSOa6dUt3AjgUTg"))).toBe("recsys.watches.v1");
  expect(renewedTopicIn(line("AAAAAAAAAAAAAAAAAAAAAA"))).toBeNull();
});
