/** Checks that the ports are free, or held by the tree that runs on this data folder. */

import type { Config } from "../../config/config.ts";
import type { Address } from "../address.ts";
import { whyNotListen } from "../port-probe.ts";
import type { RuntimeInfo } from "../runtime-file.ts";
import { fail, pass, type Verdict, warn } from "./check.ts";

export async function checkApiPort(config: Config, running: RuntimeInfo | null): Promise<Verdict | null> {
  if (!config.roles.includes("http")) return null;
  if (running?.http?.port === config.http.port) return heldByOwnTree(config.http, running);
  return judgeApiPort(config.http, await whyNotListen(config.http));
}

export async function checkMetricsPort(config: Config, running: RuntimeInfo | null): Promise<Verdict> {
  if (running?.metrics.port === config.metrics.port) return heldByOwnTree(config.metrics, running);
  if (config.roles.includes("http") && config.http.port === config.metrics.port) {
    return warn(`METRICS_PORT is the API's port ${config.http.port}, so there will be no metrics listener`);
  }
  return judgeMetricsPort(config.metrics, await whyNotListen(config.metrics));
}

const heldByOwnTree = (address: Address, { pid }: RuntimeInfo): Verdict =>
  pass(`${nameOf(address)} is held by the reco that runs here, process ${pid}`);

export function judgeApiPort(address: Address, problem: string | null): Verdict {
  if (problem === null) return pass(`${nameOf(address)} is free`);
  return fail(`reco cannot listen on ${nameOf(address)}: ${explain(problem)}; set PORT or HOST`);
}

/** A tree goes on without its metrics listener. */
export function judgeMetricsPort(address: Address, problem: string | null): Verdict {
  if (problem === null) return pass(`${nameOf(address)} is free`);
  return warn(
    `the metrics listener cannot have ${nameOf(address)}: ${explain(problem)}; set METRICS_PORT or METRICS_HOST`,
  );
}

const nameOf = ({ host, port }: Address) => `${host}:${port}`;

const EXPLANATIONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process has it",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "this user may not use it",
};

const explain = (problem: string): string => EXPLANATIONS[problem] ?? problem;
