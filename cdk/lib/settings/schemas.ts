/** Settings by the type of their values. A value on the command line is always text. */

import { z } from 'zod';

/** Setting of a deployment. */
export interface Setting<T> {
  /** Effect of the setting. */
  readonly meaning: string;
  /** Permitted values, in words. */
  readonly rule: string;
  /** Document that states the rule. */
  readonly source: string;
  /** Default; `undefined` if the setting is optional. */
  readonly fallback: T;
  /** Permitted value, as written on the command line. */
  readonly example: string;
  /** Schema that parses `undefined` as the default. */
  readonly schema: z.ZodType<T>;
}

interface About<D> {
  readonly meaning: string;
  readonly source: string;
  /** Default; a setting without a default is optional. */
  readonly fallback?: D;
  /** Permitted value; the default if not given. */
  readonly example?: string;
}

function setting<T, D extends T | undefined>(
  values: z.ZodType<T>,
  rule: string,
  { meaning, source, fallback: given, example = String(given) }: About<D>,
): Setting<T | D> {
  const fallback = given as D;
  const schema = values.optional().transform((value) => value ?? fallback);
  return { meaning, rule, source, fallback, example, schema };
}

/** Whole number. */
export function wholeNumber<D extends number | undefined = undefined>(
  about: About<D> & { readonly min: number; readonly max: number },
): Setting<number | D> {
  const { min, max } = about;
  const values = z.preprocess(numberOf, z.int().min(min).max(max));
  return setting<number, D>(values, `a whole number from ${min} to ${max}`, about);
}

/** One of a list of numbers. */
export function oneNumberOf<T extends number>(known: readonly T[], about: About<T>): Setting<T> {
  const values = z.preprocess(numberOf, z.literal(known));
  return setting<T, T>(values, `one of ${known.join(', ')}`, about);
}

/** One of a list of words. */
export function oneWordOf<const T extends string>(
  known: readonly T[],
  about: About<NoInfer<T>>,
): Setting<T> {
  return setting<T, T>(z.literal(known), `one of ${known.join(', ')}`, about);
}

/** Boolean. */
export function flag(about: About<boolean>): Setting<boolean> {
  const words = z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' });
  return setting<boolean, boolean>(z.boolean().or(words), 'true or false', about);
}

/** Text of a given form. A number in a file stands for its digits. */
export function text<D extends string | undefined = undefined>(
  about: About<D> & { readonly form: RegExp; readonly rule: string },
): Setting<string | D> {
  const values = z
    .union([z.string(), z.number().transform(String)])
    .pipe(z.string().regex(about.form));
  return setting<string, D>(values, about.rule, about);
}

/** Different texts of a given form: an array in a file, separated by commas on the command line. */
export function textList(
  about: About<readonly string[]> & {
    readonly form: RegExp;
    readonly max: number;
    readonly rule: string;
  },
): Setting<readonly string[]> {
  const { form, max, rule } = about;
  const wrong = {
    error: ({ input }: { input?: unknown }) => `${JSON.stringify(input)} is not permitted`,
  };
  const list = z
    .array(z.string(wrong).trim().regex(form, wrong))
    .max(max, { error: ({ input }) => `${(input as unknown[]).length} entries exceed ${max}` })
    .superRefine((items, context) => {
      const repeated = items.find((item, index) => items.indexOf(item) < index);
      if (repeated !== undefined) context.addIssue(`${JSON.stringify(repeated)} is repeated`);
    });
  const split = (value: unknown) => (typeof value === 'string' ? value.split(',') : value);
  return setting<readonly string[], readonly string[]>(z.preprocess(split, list), rule, about);
}

/** Number that a text consists of; any other value stays as it is. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
}
