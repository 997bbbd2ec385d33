/** Makes topics through a Node child, and waits until they can be used. */

import type { Clock } from "../../../core/clock.ts";
import type { Deadline } from "../../../core/deadline.ts";
import { TOPIC_NAME } from "../kafka-limits.ts";
import type { NodeChild } from "./node-child.ts";

export interface TopicSettings {
  /** False: a missing topic is an error. */
  readonly create: boolean;
  readonly replication: number;
}

const LEADER_POLL_MS = 100;

/** Settles when every partition of the topic has a leader: sends before that only wait. */
export async function ensureTopic(
  child: NodeChild,
  { create, replication }: TopicSettings,
  topic: string,
  partitions: number,
  deadline: Deadline,
  clock: Clock,
): Promise<void> {
  if (!TOPIC_NAME.test(topic)) throw new TypeError(`not a topic name: ${topic}`);
  const hasLeaders = async () => {
    const state = await child.ask("topic", { topic }, deadline);
    return state !== null && state.leaders.length > 0 && state.leaders.every((leader) => leader >= 0);
  };
  if (await hasLeaders()) return;
  if (create) await child.ask("create", { topic, partitions, replication }, deadline);
  while (!(await hasLeaders())) {
    if (!create || deadline.expired) throw new Error(`topic ${topic} is missing or has no leader`);
    await clock.sleep(LEADER_POLL_MS);
  }
}
