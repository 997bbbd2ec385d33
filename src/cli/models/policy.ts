/** `reco promote-policy` and `reco rollback-policy`: which trained run serves. */

import { Command, Option } from "commander";
import { shownSwitch } from "../../models/shown-switch.ts";
import { SLOTS, type SlotName } from "../../models/slots.ts";
import { operator } from "../replay/operator.ts";
import { withRegistry } from "./with-registry.ts";

interface PromoteFlags {
  readonly runId: string;
  readonly slot: SlotName;
  readonly activate?: boolean;
}

const slot = () => new Option("--slot <slot>", "where the run goes").choices(SLOTS).default("default");

export function promotePolicyCommand(): Command {
  return new Command("promote-policy")
    .description(
      "put a trained run into a slot, once it passed all gates; prints JSON when every worker answers by it",
    )
    .requiredOption("--run-id <id>", "the run, as `reco train` named it")
    .addOption(slot())
    .option("--activate", "let the slot serve, also `default` beside an active colour")
    .option("--no-activate", "fill the slot without switching traffic")
    .action(async ({ runId, slot: name, activate = undefined }: PromoteFlags) => {
      const promotion = { runId, slot: name, activate: activate ?? null, actor: operator() };
      const switched = await withRegistry((registry, deadline) => registry.promote(promotion, deadline));
      console.log(JSON.stringify(shownSwitch(switched, "promoted"), null, 2));
    });
}

export function rollbackPolicyCommand(): Command {
  return new Command("rollback-policy")
    .description("swap a slot's run with the one before; a second rollback returns")
    .addOption(slot())
    .action(async (flags: { readonly slot: SlotName }) => {
      const change = { slot: flags.slot, actor: operator() };
      const switched = await withRegistry((registry, deadline) => registry.rollback(change, deadline));
      console.log(JSON.stringify(shownSwitch(switched, "rolled_back"), null, 2));
    });
}
