/** What a consumer is told. */

import type { Config } from "../config/config.ts";
import type { TopicKinds } from "../events/stream-record.ts";

export interface ConsumerSettings {
  /** Unique over all consumers that ever run. */
  readonly memberId: string;
  readonly consumer: Config["consumer"];
  readonly kinds: TopicKinds;
  /** The actor was restarted: a record may have killed its process, so the first ones are taken one by one. */
  readonly restarted: boolean;
}
