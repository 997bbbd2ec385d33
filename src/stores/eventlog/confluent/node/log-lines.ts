/** What librdkafka tells in no call of this client, but in its log of group matters and of metadata. */

const GENERATION = [
  /\bJoinGroup response: GenerationId (\d+),/, // The classic protocol; -1 while a member has no id yet.
  /\bConsumerGroupHeartbeat response received for member id ".*" with epoch (\d+)$/, // The newer one.
];
const RENEWED = /\bTopic (\S+) changed id from (\S+) to \S+$/;
/** Of a topic that was not known yet. */
const NO_ID = "AAAAAAAAAAAAAAAAAAAAAA";

/** The generation of the group that this line names, or null. */
export function generationIn(line: string): number | null {
  for (const pattern of GENERATION) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) return Number(found);
  }
  return null;
}

/** The name behind which another topic is now, or null. */
export function renewedTopicIn(line: string): string | null {
  const [, topic, id] = RENEWED.exec(line) ?? [];
  return topic === undefined || id === NO_ID ? null : topic;
}
