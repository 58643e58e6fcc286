/** One setting: what may be given, what is taken when nothing is, and what to say otherwise. */

export interface Setting<T> {
  /** What it decides. */
  readonly meaning: string;
  /** What may be given, in words. */
  readonly rule: string;
  /** Where the rule is from. */
  readonly source: string;
  /** What is taken when nothing is given. */
  readonly fallback: T;
  /** What would pass, as it is written on the command line. */
  readonly example: string;
  /** The value, or `undefined` where the rule is not kept. */
  read(given: unknown): T | undefined;
  /** Which part of a value does not keep the rule, where it has parts. */
  culprit?(given: unknown): string | undefined;
}

interface About<T> {
  readonly meaning: string;
  readonly source: string;
  readonly fallback: T;
}

/** A whole number. On the command line everything is text. */
export function whole(about: About<number> & { min: number; max: number }): Setting<number> {
  return {
    ...about,
    rule: `a whole number from ${about.min} to ${about.max}`,
    example: String(about.fallback),
    read(given) {
      const number = typeof given === 'string' && /^-?\d{1,9}$/.test(given) ? Number(given) : given;
      if (typeof number !== 'number' || !Number.isInteger(number)) return undefined;
      return number >= about.min && number <= about.max ? number : undefined;
    },
  };
}

/** A whole number, or nothing. */
export function optionalWhole(
  about: Omit<About<number>, 'fallback'> & { min: number; max: number; example: number },
): Setting<number | undefined> {
  return { ...whole({ ...about, fallback: about.example }), fallback: undefined };
}

/** One of a few numbers, for services that take no others. */
export function numberOf<T extends number>(about: About<T> & { of: readonly T[] }): Setting<T> {
  return {
    ...about,
    rule: `one of ${about.of.join(', ')}`,
    example: String(about.fallback),
    read: (given) => about.of.find((known) => String(known) === String(given)),
  };
}

/** One of a few words. */
export function word<const T extends string>(about: About<T> & { of: readonly T[] }): Setting<T> {
  return {
    ...about,
    rule: `one of ${about.of.join(', ')}`,
    example: about.fallback,
    read: (given) => about.of.find((known) => known === given),
  };
}

/** Yes or no. */
export function flag(about: About<boolean>): Setting<boolean> {
  return {
    ...about,
    rule: 'true or false',
    example: String(about.fallback),
    read: (given) => [true, false].find((known) => String(known) === String(given)),
  };
}

/** A text with a form. */
export function text(
  about: About<string> & { form: RegExp; rule: string; example: string },
): Setting<string> {
  return {
    ...about,
    read(given) {
      const text = typeof given === 'number' ? String(given) : given;
      return typeof text === 'string' && about.form.test(text) ? text : undefined;
    },
  };
}

/** A text with a form, or nothing. */
export function optionalText(
  about: Omit<About<string>, 'fallback'> & { form: RegExp; rule: string; example: string },
): Setting<string | undefined> {
  return { ...text({ ...about, fallback: '' }), fallback: undefined };
}

/** Several different texts: a list in a file, commas on the command line. */
export function texts(
  about: About<readonly string[]> & { form: RegExp; max?: number; rule: string; example: string },
): Setting<readonly string[]> {
  const isGood = (part: unknown) => typeof part === 'string' && about.form.test(part);
  const culprit = (given: unknown) => {
    const parts = partsOf(given);
    const max = about.max ?? Infinity;
    if (parts.length > max) return `${parts.length} are more than ${max}`;
    const wrong = parts.find((part) => !isGood(part));
    if (wrong !== undefined) return `${JSON.stringify(wrong)} is none`;
    const twice = parts.find((part, at) => parts.indexOf(part) < at);
    return twice === undefined ? undefined : `${JSON.stringify(twice)} comes twice`;
  };
  return {
    ...about,
    culprit,
    read(given) {
      const isList = typeof given === 'string' || Array.isArray(given);
      return isList && culprit(given) === undefined ? (partsOf(given) as string[]) : undefined;
    },
  };
}

/** A list's parts without the blanks around them. */
function partsOf(given: unknown): unknown[] {
  const parts: unknown = typeof given === 'string' ? given.split(',') : given;
  if (!Array.isArray(parts)) return [];
  return parts.map((part: unknown) => (typeof part === 'string' ? part.trim() : part));
}
