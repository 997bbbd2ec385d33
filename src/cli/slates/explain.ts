/** `reco explain`: where the items of a served slate came from, or why one item is not in it. */

import { Command } from "commander";
import { Deadline } from "../../core/deadline.ts";
import { explainSlate } from "../../recommend/slates/explain-slate.ts";
import { whyNot } from "../../recommend/slates/why-not.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import { TIMEOUT_MS, withSlate } from "./with-slate.ts";

export function explainCommand(): Command {
  return new Command("explain")
    .description("explain a served slate, or why an item is not in it; prints JSON")
    .argument("<request_id>", "the slate's request id, as the answer named it")
    .option("--item <id>", "an item: where it stands, or why it is not shown")
    .action((requestId: string, { item }: { readonly item?: string }) =>
      withSlate(requestId, async (stored, { slates }) => {
        if (item === undefined) return explainSlate(stored);
        const verdict = whyNot(stored, item, await slates.standing(item, Deadline.after(TIMEOUT_MS)));
        if (verdict !== null) return { request_id: requestId, item_id: item, ...verdict };
        throw new CommandError(
          EXIT_FAILED,
          "the features that would tell were too large to be kept, or lost",
        );
      }),
    );
}
