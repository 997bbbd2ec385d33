/** Reads the weights of the catalogue routes' channels from the models folder. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asError } from "../../core/errors.ts";
import { parseJson } from "../../core/json.ts";
import {
  type ChannelWeights,
  DEFAULT_CHANNEL_WEIGHTS,
  parseChannelWeights,
} from "../../recommend/catalogue/channel-weights.ts";
import { isMissing } from "./missing-file.ts";

const NAME = "channel_weights.json";

/** The defaults without a file. Rejects, naming the file, when it cannot be read or is not what it should be. */
export async function readChannelWeights(modelsDir: string): Promise<ChannelWeights> {
  const path = join(modelsDir, NAME);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    const error = asError(thrown);
    if (isMissing(error)) return DEFAULT_CHANNEL_WEIGHTS;
    throw new Error(`${path}: ${error.message}`);
  }
  const parsed = parseJson(text);
  const weights = parsed.ok ? parseChannelWeights(parsed.value) : null;
  if (weights === null) throw new Error(`${path}: must be JSON`);
  if (!weights.ok) throw new Error(`${path}: ${weights.error}`);
  return weights.value;
}
