/** `npm run check`: types, lint with the walls between rooms, and dead code. All run, then the first failure counts. */

import { dirname, join } from "node:path";

const root = dirname(import.meta.dir);

const CHECKS = [
  { name: "types", command: ["typescript/bin/tsc", "--project", "."] },
  { name: "lint, format, walls", command: ["@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."] },
  { name: "dead code", command: ["knip/bin/knip.js", "--no-progress"] },
] as const;

let failed = 0;
for (const { name, command } of CHECKS) {
  const [program, ...args] = command;
  const { exitCode } = Bun.spawnSync(
    [process.execPath, "--bun", join(root, "node_modules", program), ...args],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
  if (exitCode !== 0) failed++;
  console.log(`${exitCode === 0 ? "ok" : "FAILED"}: ${name}`);
}
process.exitCode = failed === 0 ? 0 : 1;
