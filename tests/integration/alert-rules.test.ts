/** The alert rules: understood by Prometheus, right on recorded series, about metrics that exist, with a page to turn to. */

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { METRIC_CATALOG } from "../../src/telemetry/metric-catalog.ts";
import { ROOT } from "../support/program.ts";

const RULES = join(ROOT, "deploy/prometheus/rules");
const SERIES = join(ROOT, "deploy/prometheus/tests");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const filesOf = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
const parse = <T>(path: string) => Bun.YAML.parse(readFileSync(path, "utf8")) as T;

const rules = filesOf(RULES).flatMap((path) =>
  parse<{ groups: { rules: Rule[] }[] }>(path).groups.flatMap((group) => group.rules),
);

/** Anchors of a page's headings, as hosts of repositories make them. */
const anchorsOf = (page: string) =>
  [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    (title ?? "")
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

function findPromtool(): string | null {
  const own = join(ROOT, ".promtool/promtool");
  const found = existsSync(own) ? own : Bun.which("promtool");
  if (found === null && process.env["CI"] === "true") throw new Error("promtool is not installed");
  return found;
}

const promtool = findPromtool();
const missing = promtool === null ? " (promtool is not installed, see .ci/run)" : "";

describe.skipIf(promtool === null)(`promtool${missing}`, () => {
  test.each([
    ["takes every rule", ["check", "rules", ...filesOf(RULES)]],
    ["finds every rule right on recorded series", ["test", "rules", ...filesOf(SERIES)]],
  ])("%s", (_, args) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([promtool ?? "", ...args]);
    expect({ exitCode, output: exitCode === 0 ? "" : `${stdout}${stderr}` }).toEqual({
      exitCode: 0,
      output: "",
    });
  });
});

describe("every alert", () => {
  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    "%s is about metrics of reco",
    (_, { expr }) => {
      const names = [...expr.matchAll(/\breco_\w+/g)].map(([name]) => name);
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !(name in METRIC_CATALOG))).toEqual([]);
    },
  );

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    "%s says how bad it is and leads to a section of its own",
    (alert, { labels, annotations }) => {
      expect(["warning", "critical"]).toContain(labels["severity"] ?? "");
      const [page = "", anchor = ""] = (annotations["runbook_url"] ?? "").split("#");
      expect(anchor).toBe(alert.toLowerCase());
      expect(anchorsOf(join(ROOT, page))).toContain(anchor);
    },
  );

  test("is tried on series that raise it and on series that do not", () => {
    const tried = filesOf(SERIES).flatMap((path) =>
      parse<{ tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[] }>(
        path,
      ).tests.flatMap((each) => each.alert_rule_test),
    );
    const namesOf = (raised: boolean) =>
      new Set(
        tried.filter((each) => (each.exp_alerts !== undefined) === raised).map((each) => each.alertname),
      );
    for (const { alert } of rules) {
      expect([...namesOf(true)]).toContain(alert);
      expect([...namesOf(false)]).toContain(alert);
    }
  });
});
