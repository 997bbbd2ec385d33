/** Memory of the whole embedded tree without PostgreSQL, once every user and item was asked for. */

import { seededFolder } from "../data/seeded-folder.ts";
import { figure } from "../support/figure.ts";
import type { PartResult } from "../support/part.ts";
import { pssMiB, treeOf } from "../support/processes.ts";
import { Server } from "../support/server.ts";
import { touchAllUsers } from "../support/touch-users.ts";

const LIMIT_MIB = 500;

export async function memory(): Promise<PartResult> {
  await using noop = await Server.noop();
  await using tree = await Server.serve(await seededFolder());
  await touchAllUsers(noop);
  const touched = await touchAllUsers(tree);
  const pids = treeOf(tree.pid);
  const each = pids.map((pid) => ({ pid, pssMiB: pssMiB(pid) }));
  const value = each.reduce((sum, { pssMiB: size }) => sum + size, 0);
  return {
    figures: [
      figure(
        `PSS of the tree, ${pids.length} processes`,
        "MiB",
        "noop",
        [{ value, reference: pssMiB(noop.pid) }],
        { of: "value", is: "<=", limit: LIMIT_MIB },
      ),
    ],
    rounds: [{ processes: each, touched }],
    refused:
      touched.degraded > 0 ? [`${touched.degraded} of the users were answered without their features`] : [],
  };
}
