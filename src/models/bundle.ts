/**
 * The file of a trained model: a preamble, a header in JSON, then arrays of numbers, each with its checksum.
 *
 * Preamble: `RECOBNDL`, format version and length of the header as 32-bit numbers, SHA-256 of the header. Every array
 * begins at a multiple of 64 bytes, so that it can be used where it lies. Nothing in it is ever executed.
 */

import { createHash } from "node:crypto";

const MAGIC = "RECOBNDL";
/** Files say the lowest version that suits them, so that a build which knows no more can refuse what it would misread. */
const FORMAT_VERSIONS = [1, 2] as const;
export type FormatVersion = (typeof FORMAT_VERSIONS)[number];
const PREAMBLE = 48;
const ALIGNMENT = 64;

const KINDS = { i32: Int32Array, f32: Float32Array, f64: Float64Array, u8: Uint8Array } as const;
type Kind = keyof typeof KINDS;
export type Column = Int32Array | Float32Array | Float64Array | Uint8Array;

interface ColumnEntry {
  readonly name: string;
  readonly type: Kind;
  /** From the first byte after the header. */
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
}

interface Header<M> {
  readonly meta: M;
  readonly arrays: readonly ColumnEntry[];
}

export interface Bundle {
  /** As it was written, not yet judged. */
  readonly meta: unknown;
  readonly columns: ReadonlyMap<string, Column>;
}

/** Why a file is no model that this build can serve. */
export class BundleError extends Error {
  override name = "BundleError";
}

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

export function encodeBundle(
  meta: object,
  columns: ReadonlyMap<string, Column>,
  version: FormatVersion = 1,
): Uint8Array<ArrayBuffer> {
  const arrays: ColumnEntry[] = [];
  let end = 0;
  for (const [name, column] of columns) {
    arrays.push({
      name,
      type: kindOf(column),
      offset: end,
      length: column.length,
      sha256: sha256(bytesOf(column)),
    });
    end = aligned(end + column.byteLength);
  }
  const header = new TextEncoder().encode(JSON.stringify({ meta, arrays } satisfies Header<object>));
  const begin = aligned(PREAMBLE + header.length);
  const bytes = new Uint8Array(begin + end);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, version, true);
  view.setUint32(12, header.length, true);
  bytes.set(createHash("sha256").update(header).digest(), 16);
  bytes.set(header, PREAMBLE);
  for (const { name, offset } of arrays) bytes.set(bytesOf(columns.get(name) as Column), begin + offset);
  return bytes;
}

/** The columns are views of `bytes`, which must begin at a multiple of 8 of its buffer. Throws BundleError. */
export function decodeBundle(bytes: Uint8Array): Bundle {
  const magic = bytes.subarray(0, MAGIC.length);
  if (bytes.length < PREAMBLE || Buffer.from(magic).toString("latin1") !== MAGIC) {
    throw new BundleError("not a model file");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (!FORMAT_VERSIONS.some((known) => known === version)) {
    throw new BundleError(`format version ${version}, and this build reads ${FORMAT_VERSIONS.join(" and ")}`);
  }
  const length = view.getUint32(12, true);
  const header = bytes.subarray(PREAMBLE, PREAMBLE + length);
  const known = Buffer.from(bytes.subarray(16, PREAMBLE)).toString("hex");
  if (header.length !== length || sha256(header) !== known)
    throw new BundleError("Model checksum mismatch: header");
  const { meta, arrays } = JSON.parse(Buffer.from(header).toString("utf8")) as Header<unknown>;
  const begin = aligned(PREAMBLE + length);
  return { meta, columns: new Map(arrays.map((entry) => [entry.name, columnOf(bytes, begin, entry)])) };
}

function columnOf(
  bytes: Uint8Array,
  begin: number,
  { name, type, offset, length, sha256: known }: ColumnEntry,
): Column {
  const make = KINDS[type];
  const at = begin + offset;
  const own = bytes.subarray(at, at + length * make.BYTES_PER_ELEMENT);
  if (own.length !== length * make.BYTES_PER_ELEMENT || sha256(own) !== known) {
    throw new BundleError(`Model checksum mismatch: ${name}`);
  }
  // The buffer may be shared with other threads, which the constructors take and their types do not.
  return new make(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, length);
}

const aligned = (offset: number) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

const bytesOf = ({ buffer, byteOffset, byteLength }: Column) =>
  new Uint8Array(buffer, byteOffset, byteLength);

function kindOf(column: Column): Kind {
  if (column instanceof Int32Array) return "i32";
  if (column instanceof Float32Array) return "f32";
  return column instanceof Float64Array ? "f64" : "u8";
}
