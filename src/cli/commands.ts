/** Every command of the program: the one place where a new one is added. */

import type { Command } from "commander";
import { checkGuardrailsCommand } from "./acceptance/check-guardrails.ts";
import { checkMigrationsCommand } from "./acceptance/check-migrations.ts";
import { loadRecoCommand } from "./acceptance/load-reco.ts";
import { smokeStackCommand } from "./acceptance/smoke-stack.ts";
import { configCommand } from "./config.ts";
import { doctorCommand } from "./doctor/command.ts";
import { evaluateCommand } from "./evaluate/command.ts";
import { healthcheckCommand } from "./healthcheck.ts";
import { importCommand } from "./import/command.ts";
import { migrateCommand } from "./migrate.ts";
import { promotePolicyCommand, rollbackPolicyCommand } from "./models/policy.ts";
import { runsCommand } from "./models/runs.ts";
import { stageModelCommand } from "./models/stage.ts";
import { opeCommand } from "./ope/command.ts";
import { rebuildFeaturesCommand } from "./rebuild-features.ts";
import { replayDeadLettersCommand } from "./replay/dead-letters.ts";
import { replayOutboxCommand } from "./replay/outbox.ts";
import { serveCommand } from "./serve.ts";
import { explainCommand } from "./slates/explain.ts";
import { replaySlateCommand } from "./slates/replay-slate.ts";
import { soakCommand } from "./soak/command.ts";
import { statusCommand } from "./status/command.ts";
import { trainCommand } from "./train/command.ts";

export const commands = (): readonly Command[] => [
  serveCommand(),
  migrateCommand(),
  importCommand(),
  rebuildFeaturesCommand(),
  replayOutboxCommand(),
  replayDeadLettersCommand(),
  trainCommand(),
  promotePolicyCommand(),
  rollbackPolicyCommand(),
  stageModelCommand(),
  runsCommand(),
  evaluateCommand(),
  opeCommand(),
  explainCommand(),
  replaySlateCommand(),
  statusCommand(),
  doctorCommand(),
  configCommand(),
  healthcheckCommand(),
  smokeStackCommand(),
  loadRecoCommand(),
  checkGuardrailsCommand(),
  checkMigrationsCommand(),
  soakCommand(),
];
