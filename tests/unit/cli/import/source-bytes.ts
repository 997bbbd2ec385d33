/** Bytes of import files as a stream would bring them, and all records of a reader. */

/** One chunk, or chunks cut at `cuts`. */
export async function* bytesOf(text: string | Buffer, cuts: readonly number[] = []): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text as string);
  const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    yield bytes.subarray(from, end);
    from = end;
  }
}

export async function allOf<T>(records: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(records);
}
