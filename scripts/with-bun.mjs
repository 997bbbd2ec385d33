/** Runs the pinned Bun with the given arguments, after installing what is missing. */

import { spawn } from "node:child_process";
import { findBun, installDependencies, root } from "./bun-runtime.mjs";

const bun = findBun();
installDependencies(bun);
const child = spawn(bun, process.argv.slice(2), { cwd: root, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = signal ? 1 : (code ?? 1);
});
