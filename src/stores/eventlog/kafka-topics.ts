/** Makes topics, and waits until they can be used. */

import type { Admin } from "@platformatic/kafka";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { asDescribed, hasApiError, isUnknownTopic, type KafkaConnection, withAdmin } from "./kafka-client.ts";
import { TOPIC_NAME } from "./kafka-limits.ts";

export interface TopicSettings {
  /** False: a missing topic is an error. */
  readonly create: boolean;
  readonly replication: number;
}

const LEADER_POLL_MS = 100;

/** Settles when every partition of the topic has a leader: sends before that fail, or come twice. */
export async function ensureTopic(
  connection: KafkaConnection,
  settings: TopicSettings,
  topic: string,
  partitions: number,
  clock: Clock,
): Promise<void> {
  if (!TOPIC_NAME.test(topic)) throw new TypeError(`not a topic name: ${topic}`);
  const deadline = Deadline.after(connection.requestTimeoutMs, clock);
  await withAdmin(connection, clock, async (admin) => {
    if (await deadline.race(hasLeaders(admin, topic))) return;
    if (settings.create) await deadline.race(create(admin, topic, partitions, settings.replication));
    while (!(await deadline.race(hasLeaders(admin, topic)))) {
      if (!settings.create || deadline.expired) throw new Error(`topic ${topic} is missing or has no leader`);
      await clock.sleep(LEADER_POLL_MS);
    }
  });
}

async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    const known = topics.get(topic)?.partitions ?? [];
    return known.length > 0 && known.every(({ leader }) => leader >= 0);
  } catch (thrown) {
    const error = asError(thrown);
    if (isUnknownTopic(error) || hasApiError(error, "LEADER_NOT_AVAILABLE")) return false;
    throw asDescribed(error);
  }
}

async function create(admin: Admin, topic: string, partitions: number, replicas: number): Promise<void> {
  try {
    await admin.createTopics({ topics: [topic], partitions, replicas });
  } catch (thrown) {
    // Made by another relay at the same moment.
    if (!hasApiError(asError(thrown), "TOPIC_ALREADY_EXISTS")) throw asDescribed(thrown);
  }
}
