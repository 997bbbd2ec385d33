/** Features of a slate as a column of a row: a zstd frame, bounded. */

import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { SlateFeatures } from "../../recommend/slates/features.ts";
import { FEATURES_MAX_BYTES } from "../../recommend/slates/slate.ts";
import { readFeatures, WRITTEN_MAX_BYTES } from "../../recommend/slates/written-features.ts";

/** Null when they take more than a slate may. */
export function packFeatures(written: Uint8Array | null): Buffer | null {
  if (written === null) return null;
  const packed = zstdCompressSync(written, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return packed.length > FEATURES_MAX_BYTES ? null : packed;
}

/** Throws on what this build did not write. */
export const unpackFeatures = (packed: Uint8Array): SlateFeatures =>
  readFeatures(zstdDecompressSync(packed, { maxOutputLength: WRITTEN_MAX_BYTES }));
