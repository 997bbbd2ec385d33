/** The root of the image that `Dockerfile` makes, entered as a container would be: no shell, no root, nothing to write to. */

import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { testDatabase } from "../support/databases.ts";
import { temporaryDir } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/freeze.ts";
import { freePort } from "../support/ports.ts";
import { program, ROOT } from "../support/program.ts";

const APP = 1000;
/** As a container engine does: process and device folders, a temporary one, the rest read-only. */
const ENTER = `mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
  mount -t tmpfs none "$1/tmp" && mount --bind "$1/var/lib" "$1/var/lib" && mount -o remount,bind,ro "$1" &&
  root="$1" && shift && exec chroot --userspec=${APP}:${APP} "$root" "$@"`;
const NAMESPACES = ["unshare", "--mount", "--pid", "--fork"];
const canEnter =
  process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "--pid", "--fork", "true"]).status === 0;

test.skipIf(!canEnter)(
  "the program serves in it, and tells its health",
  async () => {
    const root = temporaryDir("image");
    const [binary = ""] = program("binary");
    linkSync(binary, join(root, "reco"));
    expect(spawnSync("sh", [join(ROOT, "deploy", "image-root.sh"), root]).status).toBe(0);
    chmodSync(root, 0o755); // Another user enters it.
    for (const folder of ["proc", "dev"]) mkdirSync(join(root, folder));
    for (const folder of ["reco", "reports"]) chownSync(join(root, "var", "lib", folder), APP, APP);
    await using database = await testDatabase();
    const port = freePort();
    const env = {
      HOST: "0.0.0.0",
      PORT: String(port),
      METRICS_PORT: String(freePort()),
      RECO_DATA_DIR: "/var/lib/reco",
      REPORTS_DIR: "/var/lib/reports",
      DATABASE_URL: database.url,
    };
    const enter = (...args: string[]) => [...NAMESPACES, "sh", "-c", ENTER, "sh", root, "/reco", ...args];
    const run = (...args: string[]) => {
      const [command = "", ...rest] = enter(...args);
      return spawnSync(command, rest, { env: { PATH: process.env["PATH"] ?? "", ...env }, encoding: "utf8" });
    };

    const served = Bun.spawn(enter("serve"), {
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdout: "ignore",
      stderr: "inherit",
    });
    try {
      await eventually(
        async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200),
        { timeoutMs: 60_000 },
      );
      const asked = run("healthcheck", "--url", `http://127.0.0.1:${port}/healthz`);
      expect({ status: asked.status, err: asked.stderr }).toEqual({ status: 0, err: "" });
    } finally {
      for (const pid of childrenOf(served.pid)) process.kill(pid, "SIGTERM");
      await served.exited;
    }
    expect(served.exitCode).toBe(0);
    expect(run("healthcheck").status).toBe(1);
  },
  180_000,
);
