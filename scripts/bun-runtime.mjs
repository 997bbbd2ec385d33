/** Finds Bun at the version that package.json pins, or installs it from npm; needs Node and npm only. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const version = manifest.devDependencies.bun;

/** The platform package holds the binary itself; the `bun` package needs an install script that npm may not run. */
function platformPackage() {
  const arch = { x64: "x64", arm64: "aarch64" }[process.arch];
  const os = { linux: "linux", darwin: "darwin" }[process.platform];
  if (!arch || !os)
    throw new Error(
      `reco runs on Linux and macOS, x64 and arm64, not on ${process.platform} ${process.arch}`,
    );
  return `@oven/bun-${os}-${arch}`;
}

function isPinnedBun(path) {
  const probe = spawnSync(path, ["--version"], { encoding: "utf8" });
  return probe.status === 0 && probe.stdout.trim() === version;
}

function installBun(name) {
  const prefix = join(root, ".bun");
  mkdirSync(prefix, { recursive: true });
  // A manifest of its own keeps npm from climbing to the project's.
  writeFileSync(join(prefix, "package.json"), "{}\n");
  process.stderr.write(`installing Bun ${version} from npm\n`);
  const npm = spawnSync(
    "npm",
    [
      "install",
      "--no-save",
      "--no-package-lock",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      `${name}@${version}`,
    ],
    { cwd: prefix, stdio: ["ignore", "inherit", "inherit"] },
  );
  if (npm.status !== 0) throw new Error(`npm could not install ${name}@${version}`);
}

/** Absolute path of the pinned Bun. */
export function findBun() {
  const name = platformPackage();
  const places = [root, join(root, ".bun")].map((base) => join(base, "node_modules", name, "bin", "bun"));
  const installed = () => places.find((path) => existsSync(path) && isPinnedBun(path));
  const found = installed() ?? (isPinnedBun("bun") ? "bun" : undefined);
  if (found) return found;
  installBun(name);
  const fresh = installed();
  if (!fresh) throw new Error(`Bun ${version} does not run on this machine`);
  return fresh;
}

/** Installs the locked dependencies unless the folder already matches the lock file. */
export function installDependencies(bun) {
  const stamp = join(root, "node_modules", ".reco-lock");
  const lock = readFileSync(join(root, "bun.lock"), "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  process.stderr.write("installing dependencies\n");
  const install = spawnSync(bun, ["install", "--frozen-lockfile", "--no-progress"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (install.status !== 0) throw new Error("bun install failed");
  writeFileSync(stamp, lock);
}

/** One Ctrl-C arrives several times: from the terminal, and from npm, which passes it on. */
const SAME_SIGNAL_MS = 500;

/**
 * Starts a program that gets each signal of this process once: in a group of its own, the terminal does not reach it.
 * `ended` resolves with its exit code.
 */
export function spawnForeground(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "inherit", detached: true, ...options });
  let signalledAt = Number.NEGATIVE_INFINITY;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (performance.now() - signalledAt > SAME_SIGNAL_MS)
        child.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
      signalledAt = performance.now();
    });
  }
  const ended = new Promise((resolve) => {
    child.on("exit", (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
  return { child, ended };
}
