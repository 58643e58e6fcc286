/** Types of settings. A value on the command line is always text. */

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

interface SettingOptions<D> {
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
  { meaning, source, fallback: given, example = String(given) }: SettingOptions<D>,
): Setting<T | D> {
  const fallback = given as D;
  const schema = values.optional().transform((value) => value ?? fallback);
  return { meaning, rule, source, fallback, example, schema };
}

/** Returns a setting with a whole number. */
export function wholeNumber<D extends number | undefined = undefined>(
  about: SettingOptions<D> & { readonly min: number; readonly max: number },
): Setting<number | D> {
  const { min, max } = about;
  const values = z.preprocess(numberOf, z.int().min(min).max(max));
  return setting<number, D>(values, `a whole number from ${min} to ${max}`, about);
}

/** Returns a setting with one of the known numbers. */
export function oneNumberOf<T extends number>(
  known: readonly T[],
  about: SettingOptions<T>,
): Setting<T> {
  const values = z.preprocess(numberOf, z.literal(known));
  return setting<T, T>(values, `one of ${known.join(', ')}`, about);
}

/** Returns a setting with one of the known words. */
export function oneWordOf<const T extends string>(
  known: readonly T[],
  about: SettingOptions<NoInfer<T>>,
): Setting<T> {
  return setting<T, T>(z.literal(known), `one of ${known.join(', ')}`, about);
}

/** Returns a setting with a boolean. */
export function flag(about: SettingOptions<boolean>): Setting<boolean> {
  const words = z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' });
  return setting<boolean, boolean>(z.boolean().or(words), 'true or false', about);
}

/** Returns a setting with text of a given form. A number in a file means its digits. */
export function text<D extends string | undefined = undefined>(
  about: SettingOptions<D> & { readonly form: RegExp; readonly rule: string },
): Setting<string | D> {
  const values = z
    .union([z.string(), z.number().transform(String)])
    .pipe(z.string().regex(about.form));
  return setting<string, D>(values, about.rule, about);
}

/**
 * Returns a setting with a list of different texts of a given form. The list is an array in a file,
 * and separated by commas on the command line.
 */
export function textList(
  about: SettingOptions<readonly string[]> & {
    readonly form: RegExp | ((text: string) => boolean);
    readonly max: number;
    readonly rule: string;
  },
): Setting<readonly string[]> {
  const { form, max, rule } = about;
  const wrong = {
    error: ({ input }: { input?: unknown }) => `${JSON.stringify(input)} is not permitted`,
  };
  const hasForm = form instanceof RegExp ? (text: string) => form.test(text) : form;
  const list = z
    .array(z.string(wrong).trim().refine(hasForm, wrong))
    .max(max, { error: ({ input }) => `${(input as unknown[]).length} entries exceed ${max}` })
    .superRefine((items, context) => {
      const repeated = items.find((item, index) => items.indexOf(item) < index);
      if (repeated !== undefined) context.addIssue(`${JSON.stringify(repeated)} is repeated`);
    });
  const split = (value: unknown) => (typeof value === 'string' ? value.split(',') : value);
  return setting<readonly string[], readonly string[]>(z.preprocess(split, list), rule, about);
}

/** Converts text with a whole number. Returns any other value unchanged. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
}
