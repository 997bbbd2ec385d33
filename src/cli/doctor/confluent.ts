/** Checks that Confluent's client can run, where it is to be used. */

import type { Config } from "../../config/config.ts";
import { whyNoConfluent } from "../confluent-probe.ts";
import { fail, pass, type Verdict } from "./check.ts";

/** Below the time of a check, so that the reason is told. */
const TIMEOUT_MS = 6_000;

/** Whether brokers answer is asked by the built-in client, which is in every program: see kafka.ts. */
export async function checkConfluent({ kafka, roles }: Config): Promise<Verdict | null> {
  if (kafka?.driver !== "confluent" || !(roles.includes("relay") || roles.includes("consumer"))) return null;
  const problem = await whyNoConfluent(TIMEOUT_MS);
  return problem === null ? pass("Node runs Confluent's client") : fail(problem);
}
