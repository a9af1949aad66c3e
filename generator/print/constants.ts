type Print = (value: number) => string;

/** What has been printed, by printer: the same levels stand in every kernel of every spec of a mapping. */
const printed = new WeakMap<Print, Map<number, string>>();

/** The same printer, which prints a value once. */
export function remembered(print: Print): Print {
  const known = printed.get(print) ?? new Map<number, string>();
  printed.set(print, known);
  return (value) => {
    // Zeros of both signs are one key.
    if (value === 0) return print(value);
    const text = known.get(value) ?? print(value);
    known.set(value, text);
    return text;
  };
}
