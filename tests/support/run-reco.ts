/** Runs one `reco` command to its end, as a shell would. */

import { tmpdir } from "node:os";
import { type Form, program } from "./program.ts";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** Default: the sources. */
  readonly form?: Form;
  /** Decides which `.env` and which default data folder are used. */
  readonly cwd: string;
  /** Beside PATH and HOME: nothing else of the test's own environment comes along. */
  readonly env?: Readonly<Record<string, string>>;
  /** For tests that signal it. */
  readonly onStart?: (child: Bun.Subprocess) => void;
}

export async function runReco(args: readonly string[], options: RunOptions): Promise<Ended> {
  const { form = "sources", cwd, env = {} } = options;
  const child = Bun.spawn([...program(form), ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  options.onStart?.(child);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}
