/** What a piece of SQL text is. Comments and white space lie between tokens and are no tokens. */
export type TokenKind = 'word' | 'quoted' | 'string' | 'blob' | 'number' | 'parameter' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** as written */
  readonly text: string;
  /** offset of the first character in the statement */
  readonly start: number;
  /** offset after the last character */
  readonly end: number;
}

/** Text that SQLite's own tokenizer would refuse, too. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

const SYMBOLS = ['->>', '||', '->', '<<', '>>', '<=', '>=', '<>', '==', '!='];
/** SQLite takes any character beyond ASCII as part of a word. */
const WORD_START = /[A-Za-z_\u0080-\uffff]/;
const WORD = /[A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?/y;
const PARAMETER = /\?\d*|[:@$#][A-Za-z0-9_$\u0080-\uffff]+(?:::[A-Za-z0-9_$\u0080-\uffff]+)*/y;

/**
 * Splits a statement as SQLite does (https://www.sqlite.org/lang_expr.html, `tokenize.c`): strings
 * and identifiers with doubled quotes, `[bracketed]` and `backquoted` identifiers, both kinds of
 * comment, blobs, numbers, bound parameters.
 * @throws TokenError for a string or identifier without an end, or a character no statement may hold
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: TokenKind, end: number) => {
    tokens.push({ kind, text: sql.slice(at, end), start: at, end });
    at = end;
  };
  const match = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.exec(sql) === null ? at : pattern.lastIndex;
  };
  while (at < sql.length) {
    const c = sql[at];
    if (/\s|\ufeff/.test(c)) {
      at++;
    } else if (c === '-' && sql[at + 1] === '-') {
      const end = sql.indexOf('\n', at);
      at = end < 0 ? sql.length : end;
    } else if (c === '/' && sql[at + 1] === '*') {
      // SQLite lets a block comment without an end run to the end of the text.
      const end = sql.indexOf('*/', at + 2);
      at = end < 0 ? sql.length : end + 2;
    } else if (c === "'") {
      push('string', endOfQuoted(sql, at, "'", 'text'));
    } else if (c === '"' || c === '`') {
      push('quoted', endOfQuoted(sql, at, c, 'name'));
    } else if (c === '[') {
      const end = sql.indexOf(']', at);
      if (end < 0) {
        throw new TokenError('The name that begins here with [ has no ].', at);
      }
      push('quoted', end + 1);
    } else if ((c === 'x' || c === 'X') && sql[at + 1] === "'") {
      push('blob', endOfQuoted(sql, at + 1, "'", 'blob'));
    } else if (WORD_START.test(c)) {
      push('word', match(WORD));
    } else if (/\d/.test(c) || (c === '.' && /\d/.test(sql[at + 1] ?? ''))) {
      push('number', match(NUMBER));
    } else if (/[?:@$#]/.test(c) && match(PARAMETER) > at) {
      push('parameter', match(PARAMETER));
    } else if (SYMBOLS.some((symbol) => sql.startsWith(symbol, at))) {
      const symbol = SYMBOLS.find((s) => sql.startsWith(s, at)) ?? c;
      push('symbol', at + symbol.length);
    } else if ('()+-*/%&|<>=~,.;'.includes(c)) {
      push('symbol', at + 1);
    } else {
      throw new TokenError(`The character ${JSON.stringify(c)} has no meaning in SQL.`, at);
    }
  }
  return tokens;
}

function endOfQuoted(sql: string, start: number, quote: string, what: string): number {
  let at = start + 1;
  for (;;) {
    const end = sql.indexOf(quote, at);
    if (end < 0) {
      throw new TokenError(`The ${what} that begins here has no closing ${quote}.`, start);
    }
    if (sql[end + 1] !== quote) {
      return end + 1;
    }
    at = end + 2;
  }
}

/** The name a `word` or `quoted` token stands for, without quotes; '' for any other token. */
export function nameOf(token: Token | undefined): string {
  if (token?.kind === 'word') {
    return token.text;
  }
  if (token?.kind === 'quoted') {
    const inner = token.text.slice(1, -1);
    const quote = token.text[0];
    return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
  }
  return '';
}

/** The text a `string` token stands for. */
export function stringValue(token: Token): string {
  return token.text.slice(1, -1).replaceAll("''", "'");
}

/** True where the token is this keyword, in any case and unquoted. */
export function isWord(token: Token | undefined, keyword: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === keyword;
}

export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol;
}

/** Line and column of an offset, both from 1. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: offset - lastBreak };
}
