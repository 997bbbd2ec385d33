/**
 * `npm test`: all set-up, the static checks, then every suite, two test files at a time: most of them wait for
 * processes. The files that one worker runs share its servers and its compiled program. Arguments are passed to `bun test`.
 */

import { spawnSync } from "node:child_process";
import { findBun, installDependencies, root } from "./bun-runtime.mjs";

const bun = findBun();
installDependencies(bun);
const run = (args) => spawnSync(bun, args, { cwd: root, stdio: "inherit" }).status ?? 1;
const filters = process.argv.slice(2);
const checked = filters.length > 0 ? 0 : run(["scripts/check.ts"]);
const tested = run(["test", "--timeout", "30000", "--parallel=2", "--no-isolate", ...filters]);
process.exitCode = checked || tested;
