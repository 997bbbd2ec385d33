/** Reads filters and boosts: text that is compiled while it is read. */

import { ok, type Result } from "../core/result.ts";
import type { Field } from "../events/field.ts";
import { issue, refuse, valueError } from "../events/issue.ts";
import {
  type Boost,
  compileBoost,
  compileFilter,
  EXPRESSION_MAX_BYTES,
  type Filter,
} from "../recommend/expression.ts";

export const filterField: Field<Filter> = expressionField(compileFilter);
export const boostField: Field<Boost> = expressionField(compileBoost);

function expressionField<T>(compile: (text: string) => Result<T, string>): Field<T> {
  return {
    schema: { type: "string", minLength: 1, maxLength: EXPRESSION_MAX_BYTES },
    read(input) {
      if (typeof input !== "string") return refuse(issue("string_type", "Input should be a string", input));
      const compiled = compile(input);
      return compiled.ok ? ok(compiled.value) : refuse(valueError(compiled.error, input));
    },
  };
}
