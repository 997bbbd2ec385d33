/** `npm run build`: compiles reco into one program, `dist/reco`, that runs on a PostgreSQL named by DATABASE_URL. */

import { dirname, join } from "node:path";

const root = dirname(import.meta.dir);
const outfile = join(root, "dist", "reco");

const result = await Bun.build({
  // Threads start at an entry point of their own, which a bundle holds only when it is named.
  entrypoints: [join(root, "src/cli/main.ts"), join(root, "src/actors/entry.ts")],
  root: join(root, "src"),
  // The program reads its own configuration and nothing that lies around where it is started.
  compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  minify: { whitespace: true, syntax: true },
});
for (const message of result.logs) console.error(message);
if (!result.success) process.exit(1);
console.log(outfile);
