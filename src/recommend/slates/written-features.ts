/**
 * Features of a slate as bytes: a header in JSON and columns of numbers, which lie where they can be used. Numbers come
 * back as they were, bit by bit.
 */

import type { FeatureColumn, FeatureValues, SlateFeatures } from "./features.ts";

const VERSION = 1;
const ALIGNMENT = 8;
/** Version and length of the header, as 32-bit numbers. */
const PREAMBLE = 8;
/** Whoever unpacks a frame allows it so many: one of the largest size could become a thousand times as much. */
export const WRITTEN_MAX_BYTES = 16 * 1_048_576;

type ColumnHead = Omit<FeatureColumn, "values"> & { readonly type: "f32" | "f64"; readonly length: number };
type Header = Omit<SlateFeatures, "candidates"> & {
  readonly candidates: Omit<SlateFeatures["candidates"], "columns"> & {
    readonly columns: readonly ColumnHead[];
  };
};

/** Null when they are more than can be read again. */
export function writeFeatures(features: SlateFeatures): Uint8Array | null {
  const { columns } = features.candidates;
  const heads = columns.map(
    ({ name, weight, values }): ColumnHead => ({
      name,
      weight,
      type: values instanceof Float32Array ? "f32" : "f64",
      length: values.length,
    }),
  );
  const header: Header = { ...features, candidates: { ...features.candidates, columns: heads } };
  const text = new TextEncoder().encode(JSON.stringify(header));
  let end = aligned(PREAMBLE + text.length);
  const begins = columns.map(({ values }) => {
    const begin = end;
    end = aligned(begin + values.byteLength);
    return begin;
  });
  if (end > WRITTEN_MAX_BYTES) return null;
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION, true);
  view.setUint32(4, text.length, true);
  bytes.set(text, PREAMBLE);
  for (const [place, { values }] of columns.entries()) bytes.set(bytesOf(values), begins[place] as number);
  return bytes;
}

/** Throws on what this build did not write. */
export function readFeatures(written: Uint8Array): SlateFeatures {
  // A buffer of its own begins where columns may begin.
  const bytes = new Uint8Array(written);
  const view = new DataView(bytes.buffer);
  const version = view.getUint32(0, true);
  if (version !== VERSION) throw new Error(`features of version ${version}, and this build reads ${VERSION}`);
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(PREAMBLE, PREAMBLE + length))) as Header;
  let at = aligned(PREAMBLE + length);
  const columns = header.candidates.columns.map(({ name, weight, type, length: count }): FeatureColumn => {
    const values =
      type === "f32" ? new Float32Array(bytes.buffer, at, count) : new Float64Array(bytes.buffer, at, count);
    at = aligned(at + values.byteLength);
    return { name, weight, values };
  });
  return { ...header, candidates: { ...header.candidates, columns } };
}

const aligned = (offset: number) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

const bytesOf = ({ buffer, byteOffset, byteLength }: FeatureValues) =>
  new Uint8Array(buffer, byteOffset, byteLength);
