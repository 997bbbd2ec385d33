/** Which archive of PostgreSQL binaries this program carries: none in the sources; the build puts its own in this file's place. */

import type { PackedBinaries } from "./packed-binaries.ts";

export const PACKED: PackedBinaries | null = null;
