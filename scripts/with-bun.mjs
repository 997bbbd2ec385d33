/** Runs the pinned Bun with the given arguments, after installing what is missing. */

import { findBun, installDependencies, root, spawnForeground } from "./bun-runtime.mjs";

const bun = findBun();
installDependencies(bun);
process.exitCode = await spawnForeground(bun, process.argv.slice(2), { cwd: root }).ended;
