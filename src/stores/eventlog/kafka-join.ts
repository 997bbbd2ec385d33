/** Joins a Kafka group by the newest protocol that the brokers speak. */

import { findErrorBy } from "@platformatic/kafka";
import { asError } from "../../core/errors.ts";
import { hasApiError } from "./kafka-client.ts";
import type { GroupSession, SessionOptions } from "./kafka-session.ts";
import { ClassicSession } from "./kafka-session-classic.ts";
import { ServerSideSession } from "./kafka-session-server-side.ts";

/** Throws when no broker lets it in. */
export async function openSession(options: SessionOptions): Promise<GroupSession> {
  const session = new ServerSideSession(options);
  try {
    await session.join();
    return session;
  } catch (thrown) {
    await session.close();
    if (!isNotSpoken(asError(thrown))) throw thrown;
  }
  const classic = new ClassicSession(options);
  try {
    await classic.join();
    return classic;
  } catch (error) {
    await classic.close();
    throw error;
  }
}

/** Brokers before 4.0, those told to speak the classic protocol alone, and a group that may not change to the new one. */
const isNotSpoken = (error: Error) =>
  findErrorBy(error, "code", "PLT_KFK_UNSUPPORTED_API") !== null ||
  hasApiError(error, "UNSUPPORTED_VERSION", "INCONSISTENT_GROUP_PROTOCOL", "GROUP_ID_NOT_FOUND");
