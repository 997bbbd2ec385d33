/**
 * `npm run build [-- file]`: compiles reco into one program, `dist/reco` unless told otherwise, that carries PostgreSQL
 * for this machine's platform and needs nothing beside it. RECO_BUILD_COMMIT names the commit where git cannot.
 */

import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import type { BunPlugin } from "bun";
import { nodeProgram } from "../src/stores/eventlog/confluent/program.ts";
import { type PackedPostgres, packPostgres } from "./pack-postgres.ts";

const root = dirname(import.meta.dir);
const outfile = resolve(process.argv[2] ?? join(root, "dist", "reco"));

const result = await Bun.build({
  // Threads start at an entry point of their own, which a bundle holds only when it is named.
  entrypoints: [join(root, "src/cli/main.ts"), join(root, "src/actors/entry.ts")],
  root: join(root, "src"),
  // The program reads its own configuration and nothing that lies around where it is started.
  compile: {
    outfile,
    autoloadDotenv: false,
    autoloadBunfig: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
  },
  define: { RECO_BUILD_COMMIT: JSON.stringify(commit()) },
  plugins: [carrying(packPostgres()), carryingCodecs(), carryingNodeProgram(await nodeProgram())],
  minify: { whitespace: true, syntax: true },
});
for (const message of result.logs) console.error(message);
if (!result.success) process.exit(1);
console.log(outfile);

/** Puts the module that names the archive, and the archive itself, in the place of the sources' empty one. */
function carrying({ version, archive }: PackedPostgres): BunPlugin {
  const digest = createHash("sha256").update(archive).digest("hex");
  const contents = `import archivePath from "packed:postgres.zst";
    export const PACKED = { version: "${version}", digest: "${digest}", archivePath };`;
  return {
    name: "carry PostgreSQL",
    setup(build) {
      build.onLoad({ filter: /\/stores\/postgres\/packed-archive\.ts$/ }, () => ({ loader: "js", contents }));
      build.onResolve({ filter: /^packed:/ }, ({ path }) => ({ path, namespace: "packed" }));
      build.onLoad({ filter: /^/, namespace: "packed" }, () => ({ loader: "file", contents: archive }));
    },
  };
}

/** The codecs of the Kafka client read a file beside them, which a program does not have; their other form holds it. */
function carryingCodecs(): BunPlugin {
  return {
    name: "carry the Kafka client's codecs",
    setup(build) {
      build.onResolve({ filter: /^@platformatic\/wasm-utils$/ }, ({ importer }) => ({
        path: Bun.resolveSync("@platformatic/wasm-utils/bundled", dirname(importer)),
      }));
    },
  };
}

/** What Node runs is bundled here and now: the program itself has neither the sources nor a bundler. */
function carryingNodeProgram(program: string): BunPlugin {
  const contents = `export const nodeProgram = async () => ${JSON.stringify(program)};`;
  return {
    name: "carry the program of the Node child",
    setup(build) {
      build.onLoad({ filter: /\/eventlog\/confluent\/program\.ts$/ }, () => ({ loader: "js", contents }));
    },
  };
}

/** What differs from the commit is said too. */
function commit(): string {
  const given = process.env["RECO_BUILD_COMMIT"];
  if (given) return given;
  const git = Bun.spawnSync(["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=40"], {
    cwd: root,
    stderr: "ignore",
  });
  return git.success ? git.stdout.toString().trim() : "unknown";
}
