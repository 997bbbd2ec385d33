/** The text of the program that Node runs: bundled from the sources; the build puts the finished text in this file's place. */

import { fileURLToPath } from "node:url";

export async function nodeProgram(): Promise<string> {
  const main = fileURLToPath(new URL("./node/main.ts", import.meta.url));
  const { outputs } = await Bun.build({ entrypoints: [main], target: "node", format: "esm" });
  const [program] = outputs;
  if (program === undefined) throw new Error("the program of the Node child is empty");
  return await program.text();
}
