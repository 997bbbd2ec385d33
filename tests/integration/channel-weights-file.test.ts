/** The weights of catalogue recall on a real file system. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_CHANNEL_WEIGHTS } from "../../src/recommend/catalogue/channel-weights.ts";
import { readChannelWeights } from "../../src/stores/files/channel-weights-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reco-models-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (text: string) => writeFile(join(folder, "channel_weights.json"), text);

test("without a file, or a folder, the defaults count", async () => {
  expect(await readChannelWeights(folder)).toEqual(DEFAULT_CHANNEL_WEIGHTS);
  expect(await readChannelWeights(join(folder, "none"))).toEqual(DEFAULT_CHANNEL_WEIGHTS);
});

test("a file overrides the channels it names", async () => {
  await write('{"weights": {"popular": 0.5}}');
  expect(await readChannelWeights(folder)).toEqual({ ...DEFAULT_CHANNEL_WEIGHTS, popular: 0.5 });
});

test.each(["", "{", '{"weights": {"popular": "much"}}'])(
  "a file with %s is refused by its name",
  async (text) => {
    await write(text);
    expect(readChannelWeights(folder)).rejects.toThrow("channel_weights.json");
  },
);
