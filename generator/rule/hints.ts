/** What somebody most likely meant who wrote what the grammar refuses. */

interface Hint {
  /** What the text before the unexpected place ends with. */
  readonly after?: RegExp;
  /** What the text from the unexpected place begins with. */
  readonly at: RegExp;
  readonly remedy: string;
}

const ASSIGNMENT = "a line is an assignment, name = expression";
const select = "select(condition, a, b)";

/** The first that fits is given. */
const hints: readonly Hint[] = [
  {
    after: /(?:^|\n)[ \t]*$/,
    at: /^[-+*/^]/,
    remedy: "to continue a line, end it with the operator, or put the whole in brackets",
  },
  { at: /^[-+*/]=/, remedy: `${ASSIGNMENT}: write the name again on the right` },
  { at: /^==/, remedy: `write one = to assign; == compares, inside ${select}` },
  { after: /\*\s*$/, at: /^\*/, remedy: "a power is written ^" },
  {
    at: /^(?:and|or|not)\b|^[&|!]/,
    remedy: `conditions have no and, or, not: put one ${select} into another`,
  },
  { at: /^\?/, remedy: `write ${select}` },
  { at: /^(?:[<>]=?|==|!=)/, remedy: `a comparison is of two values: put one ${select} into another` },
  {
    after: /(?:^|[\n;])\s*(?:if|else|for|while|def|let|const|return)\s+$/,
    at: /^/,
    remedy: `${ASSIGNMENT}; a condition is ${select}`,
  },
  { at: /^[[\]]/, remedy: "there are no indices: p, g and the states stand for one element" },
  { at: /^[\u2212\u2013\u2014]/, remedy: "write the minus of the keyboard, -" },
  { at: /^[\u00d7\u00b7\u2217]/, remedy: "write *" },
  { at: /^\u00a0/, remedy: "this is a no-break space: write a blank" },
  { at: /^[^\n\r\t -~]/, remedy: "names are letters a to z, digits and _" },
  { at: /^["'`\u2018\u2019\u201c\u201d]/, remedy: "there is no text in an expression" },
  {
    at: /^\w+\s*=(?!=)/,
    after: /\S[ \t]*$/,
    remedy: "put each assignment on a line of its own, or ; between them",
  },
  { after: /[\d)]\s*$/, at: /^[A-Za-z_(]/, remedy: "write * to multiply" },
  { at: /^\./, remedy: "a . stands only in a number, as in 0.9" },
  {
    after: /\d\s*$/,
    at: /^,/,
    remedy: "write . in a number; a , stands between the arguments of a function",
  },
];

export function hintFor(text: string, offset: number): string | undefined {
  const [before, rest] = [text.slice(0, offset), text.slice(offset)];
  return hints.find(({ after, at }) => at.test(rest) && (after?.test(before) ?? true))?.remedy;
}

/** Where the last bracket opens that is not closed before an offset. */
export function openBracket(text: string, offset: number): number | undefined {
  const open: number[] = [];
  for (const [index, character] of [...withoutComments(text.slice(0, offset))].entries()) {
    if (character === "(") open.push(index);
    if (character === ")") open.pop();
  }
  return open.at(-1);
}

/** The operator that ends the line before an offset's, which is thereby continued. */
export function trailingOperator(text: string, offset: number): number | undefined {
  return /[-+*/^](?=\s*\n[^\n]*$)/.exec(withoutComments(text.slice(0, offset)))?.index;
}

function withoutComments(text: string): string {
  return text.replace(/#[^\n]*/g, (comment) => " ".repeat(comment.length));
}
