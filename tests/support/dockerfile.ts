/** Reads a Dockerfile as a builder does before it runs anything. */

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Instructions of the format; anything else is refused. */
const KNOWN =
  /^(FROM|RUN|CMD|LABEL|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL|HEALTHCHECK|SHELL)\s+(.+)$/s;

/** Comments gone, continued lines joined. Throws for what is no instruction. */
export function instructionsOf(file: string): Instruction[] {
  const joined = file
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replace(/\\\n\s*/g, "");
  return joined
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name, text] = KNOWN.exec(line.trim()) ?? [];
      if (name === undefined || text === undefined) throw new Error(`no instruction: ${line}`);
      return { name, text };
    });
}

/** Each begins with its FROM. What stands before the first may only be arguments. */
export function stagesOf(instructions: readonly Instruction[]): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.name === "FROM") stages.push([]);
    else if (stages.length === 0 && instruction.name !== "ARG") {
      throw new Error(`${instruction.name} before FROM`);
    }
    stages.at(-1)?.push(instruction);
  }
  return stages;
}
