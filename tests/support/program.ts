/** The two forms of `reco` that end-to-end tests start: the sources, and the compiled program, built once a test process. */

import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const FORMS = ["sources", "binary"] as const;
export type Form = (typeof FORMS)[number];

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The words that start `reco` in this form. */
export const program = (form: Form): readonly string[] =>
  form === "sources" ? [process.execPath, join(ROOT, "src", "cli", "main.ts")] : [binary()];

/** A test worker evaluates its files one by one, and they share the program through here. */
const SHARED = Symbol.for("reco.test.binary");
const shared = globalThis as { [SHARED]?: string };

function binary(): string {
  shared[SHARED] ??= build();
  return shared[SHARED];
}

/** Built anew each time, which takes 2 s: nothing has to tell whether an older one still fits the sources. */
function build(): string {
  const folder = mkdtempSync(join(tmpdir(), "reco-binary-"));
  removeWithThisProcess(folder);
  chmodSync(folder, 0o755); // Other users run it, too.
  const outfile = join(folder, "reco");
  const built = Bun.spawnSync([process.execPath, join(ROOT, "scripts", "build.ts"), outfile], {
    cwd: ROOT,
    stderr: "pipe",
  });
  if (!built.success) throw new Error(`the program was not built\n${built.stderr}`);
  return outfile;
}

/** The pipe closes when the test process ends, however it ends; its own exit hooks do not run under the test runner. */
function removeWithThisProcess(folder: string): void {
  const remove = ["sh", "-c", 'cat > /dev/null; rm -rf "$1"', "sh", folder];
  Bun.spawn(remove, { stdin: "pipe", stdout: "ignore", stderr: "ignore", detached: true }).unref();
}
