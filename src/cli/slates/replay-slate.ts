/** `reco replay-slate`: a served slate made again, by its own policy or another one. */

import { Command } from "commander";
import { Deadline } from "../../core/deadline.ts";
import { replaySlate } from "../../recommend/slates/replay.ts";
import { replayPolicy } from "../../recommend/slates/replay-policy.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import { TIMEOUT_MS, withSlate } from "./with-slate.ts";

export function replaySlateCommand(): Command {
  return new Command("replay-slate")
    .description(
      "make a served slate again from what it was made from; fails when its own policy gives another one",
    )
    .argument("<request_id>", "the slate's request id, as the answer named it")
    .option(
      "--policy <run>",
      "a run, `builtin:stream-v1` or `builtin:rules-v1` in place of the slate's own policy",
    )
    .action((requestId: string, flags: { readonly policy?: string }) =>
      withSlate(requestId, async (stored, { models }) => {
        const deadline = Deadline.after(TIMEOUT_MS);
        const policy = await replayPolicy(flags.policy ?? null, stored.slate, models, deadline);
        if (!policy.ok) {
          const { kind, runId } = policy.error;
          throw new CommandError(
            EXIT_FAILED,
            `run ${runId} is ${kind === "unknown" ? "unknown" : "not retained"}`,
          );
        }
        const replay = replaySlate(stored, policy.value);
        if (!replay.ok) throw new CommandError(EXIT_FAILED, `the slate cannot be replayed: ${replay.error}`);
        if (policy.value.kind === "stored" && !replay.value.identical) process.exitCode = EXIT_FAILED;
        return replay.value;
      }),
    );
}
