import { viewNamed, type CatalogueView } from '../query/catalogue.js';
import { TokenError, isSymbol, isWord, nameOf, tokenize, type Token } from '../query/tokens.js';

/** Tokens of a text that may still be in the making: what follows an open quote is left out. */
export function readableTokens(text: string): readonly Token[] {
  try {
    return tokenize(text);
  } catch (error) {
    if (error instanceof TokenError) {
      return readableTokens(text.slice(0, error.offset));
    }
    throw error;
  }
}

/** True where the end of `before` lies in a comment, a string or a quoted name. */
export function endsInQuotesOrComment(before: string): boolean {
  let tokens: readonly Token[];
  try {
    tokens = tokenize(before);
  } catch (error) {
    if (error instanceof TokenError) {
      return true;
    }
    throw error;
  }
  const gap = before.slice(tokens[tokens.length - 1]?.end ?? 0);
  const open = gap.replace(/\/\*[^]*?\*\/|--[^\n]*\n/g, '');
  return open.includes('--') || open.includes('/*');
}

const SOURCES = ['FROM', 'JOIN', 'INTO'];
const AFTER_A_TABLE = new Set(
  'ON USING WHERE GROUP ORDER LIMIT JOIN LEFT RIGHT FULL INNER CROSS NATURAL OUTER UNION EXCEPT INTERSECT HAVING WINDOW INDEXED NOT'.split(
    ' ',
  ),
);

/** Views a statement reads, by the names it gives them: `FROM kernels AS k` is k and kernels. */
export function viewsInUse(tokens: readonly Token[]): ReadonlyMap<string, CatalogueView> {
  const views = new Map<string, CatalogueView>();
  for (let i = 0; i < tokens.length; i++) {
    if (!startsTable(tokens, i)) {
      continue;
    }
    const view = viewNamed(nameOf(tokens[i]));
    if (view === undefined) {
      continue;
    }
    views.set(view.name, view);
    const alias = isWord(tokens[i + 1], 'AS') ? i + 2 : i + 1;
    const name = nameOf(tokens[alias]);
    if (name !== '' && !AFTER_A_TABLE.has(name.toUpperCase())) {
      views.set(name.toLowerCase(), view);
    }
  }
  return views;
}

/** True where a table is named at `i`: after FROM or JOIN, or after the comma of a list of tables. */
export function startsTable(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  if (SOURCES.some((word) => isWord(before, word))) {
    return true;
  }
  if (!isSymbol(before, ',')) {
    return false;
  }
  // "FROM a x, b": the comma belongs to FROM when nothing but names lies between.
  for (let j = i - 2; j >= 0; j--) {
    if (isWord(tokens[j], 'FROM')) {
      return true;
    }
    const isName = nameOf(tokens[j]) !== '' && !AFTER_A_TABLE.has(tokens[j].text.toUpperCase());
    if (!isName && !isSymbol(tokens[j], ',')) {
      return false;
    }
    if (isWord(tokens[j], 'SELECT') || isWord(tokens[j], 'BY')) {
      return false;
    }
  }
  return false;
}
