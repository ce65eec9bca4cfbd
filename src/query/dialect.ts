import { SqlError } from '../sqlite/engine.js';
import {
  TokenError,
  isSymbol,
  isWord,
  nameOf,
  positionOf,
  stringValue,
  tokenize,
  type Token,
} from './tokens.js';

/** A statement that is refused before SQLite sees it; the message is the sentence the user reads. */
export class StatementError extends SqlError {
  /** @param start,end the part of the statement the sentence is about, as offsets */
  constructor(
    message: string,
    sql: string,
    readonly start: number,
    readonly end: number,
  ) {
    super(message, sql);
  }
}

/** What the dialect has to know of the trace a statement is about. */
export interface DialectContext {
  /**
   * Values of the column `source` that a text stands for beside itself: 'cuda' is 1 in Ingero's
   * tables. Empty or left out: comparisons with `source` stay as written.
   */
  sourceValues?(text: string): readonly (number | string)[];
  /** SQL function that turns a value of `source` into its name, for LIKE and GLOB; '' = not needed */
  readonly sourceNameFunction?: string;
}

export interface PreparedStatement {
  /** what SQLite is given */
  readonly sql: string;
  readonly tokens: readonly Token[];
  /** true where the dialect changed the statement */
  readonly changed: boolean;
}

/** Pragmas that only tell; these take a name in parentheses. */
const PRAGMAS_OF_A_TABLE = new Set([
  'table_info',
  'table_xinfo',
  'table_list',
  'index_list',
  'index_info',
  'index_xinfo',
  'foreign_key_list',
]);
/** Pragmas that only tell as long as they are given no value. */
const PRAGMAS_WITHOUT_VALUE = new Set([
  'collation_list',
  'compile_options',
  'database_list',
  'encoding',
  'function_list',
  'page_count',
  'page_size',
  'pragma_list',
  'schema_version',
  'table_list',
  'user_version',
]);

/**
 * Checks that a text is one statement that only reads, and rewrites what SQLite does not know:
 *
 * - `percentile_cont(p) WITHIN GROUP (ORDER BY x)` becomes `percentile_cont(x, p)`, `percentile_disc`
 *   likewise; descending order is asked for as `1 - p`, or from `percentile_disc_desc`;
 * - comparisons of `source` with a text also match what the trace stores for it (`DialectContext`).
 *
 * Everything else, comments between tokens included, stays as written.
 * @throws StatementError
 */
export function prepareStatement(sql: string, context: DialectContext = {}): PreparedStatement {
  const tokens = checkedTokens(sql);
  const rewritten = new Rewriter(sql, tokens, context).rewrite(0, tokens.length);
  const asWritten = sql.slice(tokens[0].start, tokens[tokens.length - 1].end);
  return { sql: rewritten, tokens, changed: rewritten !== asWritten };
}

/** The tokens of one reading statement without its closing semicolon. */
function checkedTokens(sql: string): Token[] {
  let tokens: Token[];
  try {
    tokens = tokenize(sql);
  } catch (error) {
    if (error instanceof TokenError) {
      const { line, column } = positionOf(sql, error.offset);
      throw new StatementError(
        `${error.message} (line ${line}, column ${column})`,
        sql,
        error.offset,
        error.offset + 1,
      );
    }
    throw error;
  }
  while (isSymbol(tokens[tokens.length - 1], ';')) {
    tokens.pop();
  }
  if (tokens.length === 0) {
    throw new StatementError('There is no statement to run.', sql, 0, sql.length);
  }
  const semicolon = tokens.findIndex((token) => isSymbol(token, ';'));
  if (semicolon >= 0) {
    const next = tokens[semicolon + 1];
    const { line, column } = positionOf(sql, next.start);
    throw new StatementError(
      `One statement runs at a time; a second one begins at line ${line}, column ${column}.`,
      sql,
      next.start,
      tokens[tokens.length - 1].end,
    );
  }
  checkReadOnly(sql, tokens);
  return tokens;
}

function checkReadOnly(sql: string, tokens: readonly Token[]): void {
  let at = 0;
  if (isWord(tokens[0], 'EXPLAIN')) {
    at = isWord(tokens[1], 'QUERY') && isWord(tokens[2], 'PLAN') ? 3 : 1;
  }
  if (isWord(tokens[at], 'WITH')) {
    at = afterCommonTables(tokens, at + 1);
  }
  const verb = tokens[at];
  if (verb === undefined) {
    throw new StatementError(
      'The statement ends before it says what to read.',
      sql,
      tokens[0].start,
      tokens[tokens.length - 1].end,
    );
  }
  if (isWord(verb, 'SELECT') || isWord(verb, 'VALUES')) {
    return;
  }
  if (isWord(verb, 'PRAGMA')) {
    checkPragma(sql, tokens, at);
    return;
  }
  const shown = visible(verb.text);
  throw new StatementError(
    `Queries only read the trace: SELECT, VALUES, WITH ... SELECT, EXPLAIN or a telling PRAGMA can run, ${shown} can not.`,
    sql,
    verb.start,
    verb.end,
  );
}

/** Position of the verb after `WITH name (columns) AS (body), ...`. */
function afterCommonTables(tokens: readonly Token[], from: number): number {
  let at = isWord(tokens[from], 'RECURSIVE') ? from + 1 : from;
  for (;;) {
    at++; // the name
    if (isSymbol(tokens[at], '(')) {
      at = closing(tokens, at) + 1;
    }
    while (at < tokens.length && !isSymbol(tokens[at], '(')) {
      at++; // AS [NOT] MATERIALIZED
    }
    if (at >= tokens.length) {
      return at;
    }
    at = closing(tokens, at) + 1;
    if (!isSymbol(tokens[at], ',')) {
      return at;
    }
    at++;
  }
}

function checkPragma(sql: string, tokens: readonly Token[], at: number): void {
  // PRAGMA [schema.]name [(value) | = value]
  const name = isSymbol(tokens[at + 2], '.') ? at + 3 : at + 1;
  const pragma = nameOf(tokens[name]).toLowerCase();
  const rest = tokens.slice(name + 1);
  const allowed =
    (rest.length === 0 && PRAGMAS_WITHOUT_VALUE.has(pragma)) ||
    (isSymbol(rest[0], '(') && PRAGMAS_OF_A_TABLE.has(pragma));
  if (!allowed) {
    throw new StatementError(
      `PRAGMA ${visible(pragma)} is not among those that only tell something (table_info, table_list, index_list, function_list, ...).`,
      sql,
      tokens[at].start,
      tokens[tokens.length - 1].end,
    );
  }
}

/** Index of the parenthesis that closes the one at `open`; the last index where none does. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (isSymbol(tokens[i], '(')) {
      depth++;
    } else if (isSymbol(tokens[i], ')') && --depth === 0) {
      return i;
    }
  }
  return tokens.length - 1;
}

const ORDERED_SET_FUNCTIONS = new Set(['percentile_cont', 'percentile_disc', 'mode']);
/** Operators that bind tighter than a comparison: a literal beside one is not compared as it is. */
const TIGHTER = new Set(['||', '+', '-', '*', '/', '%', '&', '|', '<<', '>>', '->', '->>', '~']);

interface Rewritten {
  readonly text: string;
  /** index of the first token after the rewritten ones */
  readonly next: number;
}

class Rewriter {
  constructor(
    private readonly sql: string,
    private readonly tokens: readonly Token[],
    private readonly context: DialectContext,
  ) {}

  /** The text of the tokens `from` to `to` (excluded) after rewriting. */
  rewrite(from: number, to: number): string {
    if (from >= to) {
      return '';
    }
    const { sql, tokens } = this;
    let out = '';
    let done = tokens[from].start;
    let i = from;
    while (i < to) {
      const change =
        this.orderedSet(i, to) ?? this.sourceComparison(i, to) ?? this.reversedComparison(i, to);
      if (change === undefined) {
        i++;
        continue;
      }
      out += sql.slice(done, tokens[i].start) + change.text;
      i = change.next;
      done = tokens[i - 1].end;
    }
    return out + sql.slice(done, tokens[to - 1].end);
  }

  /** `f(p) WITHIN GROUP (ORDER BY x [ASC|DESC])` at token `i`. */
  private orderedSet(i: number, to: number): Rewritten | undefined {
    const { tokens } = this;
    const name = tokens[i].kind === 'word' ? tokens[i].text.toLowerCase() : '';
    if (!ORDERED_SET_FUNCTIONS.has(name) || !isSymbol(tokens[i + 1], '(')) {
      return undefined;
    }
    const argumentEnd = closing(tokens, i + 1);
    const group = argumentEnd + 1;
    if (!isWord(tokens[group], 'WITHIN') || !isWord(tokens[group + 1], 'GROUP')) {
      return undefined;
    }
    const end = closing(tokens, group + 2);
    if (end >= to || !isSymbol(tokens[end], ')')) {
      throw this.error(i, to - 1, `${name}(...) WITHIN GROUP (ORDER BY ...) is not closed.`);
    }
    if (name === 'mode') {
      throw this.error(i, end, 'mode() WITHIN GROUP is not supported; percentiles are.');
    }
    if (
      !isSymbol(tokens[group + 2], '(') ||
      !isWord(tokens[group + 3], 'ORDER') ||
      !isWord(tokens[group + 4], 'BY')
    ) {
      throw this.error(group, end, 'WITHIN GROUP needs (ORDER BY value) after it.');
    }
    if (argumentEnd === i + 2) {
      throw this.error(i, end, `${name} needs the share it asks for: ${name}(0.99).`);
    }
    return { text: this.percentile(name, i + 2, argumentEnd, group + 5, end), next: end + 1 };
  }

  /** @param sort,sortEnd the tokens after ORDER BY */
  private percentile(name: string, arg: number, argEnd: number, sort: number, sortEnd: number) {
    const { tokens } = this;
    let end = sortEnd;
    if (
      isWord(tokens[end - 2], 'NULLS') &&
      (isWord(tokens[end - 1], 'FIRST') || isWord(tokens[end - 1], 'LAST'))
    ) {
      end -= 2; // percentiles leave NULL out, wherever it would be sorted
    }
    const descending = isWord(tokens[end - 1], 'DESC');
    if (descending || isWord(tokens[end - 1], 'ASC')) {
      end--;
    }
    if (end <= sort) {
      throw this.error(sort - 2, sortEnd, 'WITHIN GROUP needs (ORDER BY value) after it.');
    }
    if (this.hasComma(sort, end)) {
      throw this.error(sort, end - 1, `${name} takes one value to order by.`);
    }
    if (this.hasComma(arg, argEnd)) {
      throw this.error(arg, argEnd - 1, `${name}(share) WITHIN GROUP takes one share.`);
    }
    const value = this.rewrite(sort, end);
    const share = this.rewrite(arg, argEnd);
    if (!descending) {
      return `${name}(${value}, ${share})`;
    }
    return name === 'percentile_disc'
      ? `percentile_disc_desc(${value}, ${share})`
      : `${name}(${value}, 1.0 - (${share}))`;
  }

  private hasComma(from: number, to: number): boolean {
    let depth = 0;
    for (let i = from; i < to; i++) {
      if (isSymbol(this.tokens[i], '(')) {
        depth++;
      } else if (isSymbol(this.tokens[i], ')')) {
        depth--;
      } else if (depth === 0 && isSymbol(this.tokens[i], ',')) {
        return true;
      }
    }
    return false;
  }

  /** `[t.]source <comparison> 'text'` at token `i`. */
  private sourceComparison(i: number, to: number): Rewritten | undefined {
    const { tokens, sql } = this;
    const column = this.sourceColumn(i, to);
    if (column === undefined || isTighter(tokens[i - 1])) {
      return undefined;
    }
    const left = sql.slice(tokens[i].start, tokens[column].end);
    let at = column + 1;
    if (isSymbol(tokens[at], '=') || isSymbol(tokens[at], '==')) {
      return this.compared(left, at + 1, to, 'IN', '');
    }
    if (isSymbol(tokens[at], '<>') || isSymbol(tokens[at], '!=')) {
      return this.compared(left, at + 1, to, 'NOT IN', '');
    }
    if (isWord(tokens[at], 'IS')) {
      const negated = isWord(tokens[at + 1], 'NOT');
      return this.compared(
        left,
        at + (negated ? 2 : 1),
        to,
        'IN',
        negated ? ' IS NOT TRUE' : ' IS TRUE',
      );
    }
    const negated = isWord(tokens[at], 'NOT');
    at += negated ? 1 : 0;
    if (isWord(tokens[at], 'IN') && isSymbol(tokens[at + 1], '(')) {
      return this.listed(left, at + 1, to, negated ? 'NOT IN' : 'IN');
    }
    const asName = this.context.sourceNameFunction ?? '';
    if (asName !== '' && (isWord(tokens[at], 'LIKE') || isWord(tokens[at], 'GLOB'))) {
      return { text: `${asName}(${left})`, next: column + 1 };
    }
    return undefined;
  }

  /** `'text' = [t.]source` at token `i`. */
  private reversedComparison(i: number, to: number): Rewritten | undefined {
    const { tokens, sql } = this;
    const values = this.valuesOf(tokens[i]);
    if (values === undefined || isTighter(tokens[i - 1]) || isWord(tokens[i - 1], 'ESCAPE')) {
      return undefined;
    }
    const equal = isSymbol(tokens[i + 1], '=') || isSymbol(tokens[i + 1], '==');
    const unequal = isSymbol(tokens[i + 1], '<>') || isSymbol(tokens[i + 1], '!=');
    const column = equal || unequal ? this.sourceColumn(i + 2, to) : undefined;
    if (column === undefined || isTighter(tokens[column + 1])) {
      return undefined;
    }
    const right = sql.slice(tokens[i + 2].start, tokens[column].end);
    const list = [tokens[i].text, ...values].join(', ');
    return { text: `${right} ${equal ? 'IN' : 'NOT IN'} (${list})`, next: column + 1 };
  }

  /** Index of the word `source` where `source`, `t.source` or `s.t.source` begins at `i`. */
  private sourceColumn(i: number, to: number): number | undefined {
    const { tokens } = this;
    if (this.context.sourceValues === undefined || isSymbol(tokens[i - 1], '.')) {
      return undefined;
    }
    let at = i;
    while (nameOf(tokens[at]) !== '' && isSymbol(tokens[at + 1], '.')) {
      at += 2;
    }
    const found = at < to && nameOf(tokens[at]).toLowerCase() === 'source';
    return found && !isSymbol(tokens[at + 1], '(') ? at : undefined;
  }

  private compared(
    left: string,
    literal: number,
    to: number,
    operator: string,
    test: string,
  ): Rewritten | undefined {
    const token = this.tokens[literal];
    const values = literal < to ? this.valuesOf(token) : undefined;
    if (values === undefined || isTighter(this.tokens[literal + 1])) {
      return undefined;
    }
    const list = [token.text, ...values].join(', ');
    return { text: `${left} ${operator} (${list})${test}`, next: literal + 1 };
  }

  /** The list of `IN (...)` where it holds literals only. */
  private listed(left: string, open: number, to: number, operator: string): Rewritten | undefined {
    const end = closing(this.tokens, open);
    if (end >= to) {
      return undefined;
    }
    const list: string[] = [];
    for (let i = open + 1; i < end; i++) {
      const token = this.tokens[i];
      if (isSymbol(token, ',')) {
        continue;
      }
      if (
        token.kind !== 'string' &&
        token.kind !== 'number' &&
        this.valuesOf(token) === undefined
      ) {
        return undefined;
      }
      if (i + 1 < end && !isSymbol(this.tokens[i + 1], ',')) {
        return undefined;
      }
      list.push(token.text, ...(this.valuesOf(token) ?? []));
    }
    return { text: `${left} ${operator} (${list.join(', ')})`, next: end + 1 };
  }

  /** SQL literals a text stands for; undefined where the token is no text or stands for nothing else. */
  private valuesOf(token: Token | undefined): readonly string[] | undefined {
    // SQLite takes "cuda" for a text where no column has that name.
    const isText = token?.kind === 'string' || (token?.kind === 'quoted' && token.text[0] === '"');
    if (token === undefined || !isText) {
      return undefined;
    }
    const text = token.kind === 'string' ? stringValue(token) : nameOf(token);
    const values = this.context.sourceValues?.(text) ?? [];
    return values.length === 0 ? undefined : values.map(literal);
  }

  private error(from: number, to: number, message: string): StatementError {
    const last = Math.min(to, this.tokens.length - 1);
    return new StatementError(message, this.sql, this.tokens[from].start, this.tokens[last].end);
  }
}

function isTighter(token: Token | undefined): boolean {
  return token?.kind === 'symbol' && TIGHTER.has(token.text);
}

function literal(value: number | string): string {
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** A piece of the user's text, safe and short enough for a sentence. */
function visible(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > 40 ? `${plain.slice(0, 39)}…` : plain;
}
