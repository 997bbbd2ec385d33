/** The generation of a group as librdkafka tells it: in no call of this client, only in its log of group matters. */

const LINES = [
  /\bJoinGroup response: GenerationId (\d+),/, // The classic protocol; -1 while a member has no id yet.
  /\bConsumerGroupHeartbeat response received for member id ".*" with epoch (\d+)$/, // The newer one.
];

/** The generation that this line names, or null. */
export function generationIn(line: string): number | null {
  for (const pattern of LINES) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) return Number(found);
  }
  return null;
}
