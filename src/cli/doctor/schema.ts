/** Checks that the schema is the one this build works on. */

import { fail, pass, type Verdict, warn } from "./check.ts";
import type { StoreFacts } from "./store.ts";

export function judgeSchema(facts: Pick<StoreFacts, "config" | "migrations" | "admission">): Verdict {
  const { config, migrations, admission } = facts;
  const { applied, pending, drifted, unknown } = migrations;
  if (drifted.length > 0) return fail(`changed after they were applied: ${drifted.join(", ")}`);
  if (admission === "too_new") return fail("the schema is too new for this build: run a newer one");
  if (admission === "read_only")
    return fail("the schema is too new for this build to write: run a newer one");
  if (pending.length > 0) {
    const detail = `${pending.length} migrations are pending, the first is ${pending[0]}`;
    const isAutomatic = config.database.initOnStartup && config.roles.includes("http");
    return isAutomatic ? warn(`${detail}: the next start applies them`) : fail(`${detail}: run reco migrate`);
  }
  if (unknown.length > 0) return warn(`newer than this build, which may still use it: ${unknown.join(", ")}`);
  return pass(`${applied.length} migrations are applied, none is pending`);
}
