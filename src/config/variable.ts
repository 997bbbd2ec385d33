/** The kinds of environment variables: how each text becomes a value, and what happens when it does not. */

interface VariableTexts {
  readonly description: string;
  /** Roles or parts that read it, as the documentation names them. */
  readonly usedBy: string;
  /** Read in this order when the variable itself is unset. */
  readonly aliases?: readonly string[];
  /** Default as the documentation names it, where it is not simply the value. */
  readonly defaultText?: string;
  /** Never printed, and readable from the file that `<name>_FILE` names. */
  readonly secret?: boolean;
}

export interface Variable<T> extends VariableTexts {
  /** E.g. `positive int`. */
  readonly kind: string;
  readonly fallback: T;
  /** The value, or undefined when the text is not one. */
  parse(text: string): T | undefined;
  /** Blank text counts as unset. */
  readonly blankIsUnset: boolean;
  /** What to do with a text that is not a value: take the default and warn, or refuse to start. */
  readonly onInvalid: "warn" | "refuse";
}

const MAX_PORT = 65_535;

/** True for 1, true, yes, on in any case; anything else is false. */
export const bool = <T extends boolean | null>(fallback: T, texts: VariableTexts) =>
  variable<boolean | T>("bool", fallback, texts, (text) => /^(1|true|yes|on)$/i.test(text));

export const positiveInt = (fallback: number, texts: VariableTexts) =>
  variable("positive int", fallback, texts, (text) => integer(text, 1));

export const nonNegativeInt = (fallback: number, texts: VariableTexts) =>
  variable("non-negative int", fallback, texts, (text) => integer(text, 0));

export const port = <T extends number | null>(fallback: T, texts: VariableTexts) =>
  variable<number | T>("port", fallback, texts, (text) => integer(text, 1, MAX_PORT));

export const positiveFloat = (fallback: number, texts: VariableTexts) =>
  variable("positive float", fallback, texts, (text) => {
    const value = text === "" ? Number.NaN : Number(text);
    return Number.isFinite(value) && value > 0 ? value : undefined;
  });

/** From 0 to 1. */
export const share = (fallback: number, texts: VariableTexts) =>
  variable("share from 0 to 1", fallback, texts, (text) => {
    const value = text === "" ? Number.NaN : Number(text);
    return value >= 0 && value <= 1 ? value : undefined;
  });

export const text = <T extends string | null>(fallback: T, texts: VariableTexts): Variable<string | T> => ({
  ...variable<string | T>("text", fallback, texts, (value) => value),
  blankIsUnset: true,
});

/** One of `values`, in any case. `otherwise` is what any other text means; without it the default is taken. */
export function choice<const Value extends string, const Fallback extends Value | null>(
  values: readonly Value[],
  fallback: Fallback,
  texts: VariableTexts & { otherwise?: Value; onInvalid?: "refuse" },
): Variable<Value | Fallback> {
  const { otherwise, onInvalid = "warn", ...rest } = texts;
  const parse = (given: string) =>
    values.find((value) => value.toLowerCase() === given.toLowerCase()) ?? otherwise;
  return {
    ...variable<Value | Fallback>(values.join(", "), fallback, rest, parse),
    onInvalid,
    blankIsUnset: true,
  };
}

function variable<T>(
  kind: string,
  fallback: T,
  texts: VariableTexts,
  parse: (text: string) => T | undefined,
): Variable<T> {
  return { ...texts, kind, fallback, parse, onInvalid: "warn", blankIsUnset: false };
}

function integer(digits: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  if (!/^\+?\d+$/.test(digits)) return undefined;
  const value = Number(digits);
  return value >= min && value <= max ? value : undefined;
}
