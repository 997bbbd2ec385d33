import { describe, expect, test } from "bun:test";
import Ajv from "ajv/dist/2020";
import { describeVariables } from "../../../src/config/describe-variables.ts";
import { VARIABLES } from "../../../src/config/schema.ts";

const schema = describeVariables();
const validate = new Ajv().compile(schema);

describe("the schema of the environment", () => {
  test("has every variable under every name", () => {
    const names = Object.entries(VARIABLES).flatMap(([name, variable]) => [
      name,
      ...("aliases" in variable ? variable.aliases : []),
    ]);
    expect(Object.keys(schema.properties).sort()).toEqual([...new Set(names)].sort());
    expect(schema.properties["DS_API_KEY"]?.description).toContain(VARIABLES.DS_API_KEY.description);
  });

  test("accepts every default, and variables of other programs", () => {
    const defaults = Object.entries(schema.properties).flatMap(([name, { default: text }]) =>
      text === undefined ? [] : [[name, text]],
    );
    expect(validate({ ...Object.fromEntries(defaults), PATH: "/bin" })).toBe(true);
  });

  test.each([
    ["PORT", "http"],
    ["PORT", "0"],
    ["DB_POOL_MAX_SIZE", "0"],
    ["FACT_RETENTION_DAYS", "-1"],
  ])("refuses %p = %p, as a start would ignore it with a warning", (name, text) => {
    expect(validate({ [name]: text })).toBe(false);
    expect(VARIABLES[name as "PORT"].parse(text)).toBeUndefined();
  });

  test("marks secrets, and gives no default of theirs", () => {
    expect(schema.properties["DATABASE_URL"]?.writeOnly).toBe(true);
    expect(schema.properties["DATABASE_URL"]?.default).toBeUndefined();
  });
});
