/** What librdkafka tells in no call of this client, but in its log of metadata. */

const RENEWED = /\bTopic (\S+) changed id from (\S+) to \S+$/;
/** Of a topic that was not known yet. */
const NO_ID = "AAAAAAAAAAAAAAAAAAAAAA";

/** The name behind which another topic is now, or null. */
export function renewedTopicIn(line: string): string | null {
  const [, topic, id] = RENEWED.exec(line) ?? [];
  return topic === undefined || id === NO_ID ? null : topic;
}
