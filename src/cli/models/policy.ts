/** `reco promote-policy` and `reco rollback-policy`: which trained run serves. */

import { Command, Option } from "commander";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Result } from "../../core/result.ts";
import {
  createRegistry,
  type ModelRegistry,
  problemText,
  type RegistryProblem,
  type Switched,
} from "../../models/registry.ts";
import { shownSwitch } from "../../models/shown-switch.ts";
import { SLOTS, type SlotName } from "../../models/slots.ts";
import { writeMirrors } from "../../stores/files/policy-mirrors.ts";
import { hashRunBundle } from "../../stores/files/run-folder.ts";
import { createRunStore } from "../../stores/postgres/model-runs.ts";
import { createRegistryStore } from "../../stores/postgres/registry-store.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import { operator } from "../replay/operator.ts";

/** The gates read the whole model, and every worker has half a minute to follow. */
const TIMEOUT_MS = 60_000;

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
    .action(({ runId, slot: name, activate = undefined }: PromoteFlags) =>
      withRegistry("promoted", (registry, deadline) =>
        registry.promote({ runId, slot: name, activate: activate ?? null, actor: operator() }, deadline),
      ),
    );
}

export function rollbackPolicyCommand(): Command {
  return new Command("rollback-policy")
    .description("swap a slot's run with the one before; a second rollback returns")
    .addOption(slot())
    .action((flags: { readonly slot: SlotName }) =>
      withRegistry("rolled_back", (registry, deadline) =>
        registry.rollback({ slot: flags.slot, actor: operator() }, deadline),
      ),
    );
}

async function withRegistry(
  done: "promoted" | "rolled_back",
  change: (registry: ModelRegistry, deadline: Deadline) => Promise<Result<Switched, RegistryProblem>>,
): Promise<void> {
  try {
    const config = configOrExit();
    await using store = await openStore(config, "reco-policy");
    const registry = createRegistry({
      store: createRegistryStore(store.pool),
      runs: createRunStore(store.pool, (runId) => hashRunBundle(config.dataDir, runId)),
      mirrors: {
        write: (files) => writeMirrors(config.reportsDir, files, `cli-${process.pid}`),
        failed: ({ message }) => console.error(`the files in ${config.reportsDir} are old: ${message}`),
      },
      clock: systemClock,
    });
    const changed = await change(registry, Deadline.after(TIMEOUT_MS));
    if (!changed.ok) throw new CommandError(EXIT_FAILED, problemText(changed.error));
    console.log(JSON.stringify(shownSwitch(changed.value, done), null, 2));
  } catch (error) {
    throw asCommandError(error);
  }
}
