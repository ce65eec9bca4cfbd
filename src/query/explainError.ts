import { SqlError, type SqlEngine } from '../sqlite/engine.js';
import { FUNCTIONS, VIEWS } from './catalogue.js';
import { nearestName } from './nearestName.js';
import { nameOf, positionOf, type Token } from './tokens.js';

const NEAR = /^near "([^]*)": /;
const UNKNOWN = /^no such (column|table|function): ([^]*)$/;

/**
 * SQLite's message about a user's statement, with the place it means and, for an unknown name, the name
 * that was probably meant.
 *
 * @param sql the statement as the user wrote it
 * @param tokens its tokens
 */
export function explainError(
  error: SqlError,
  sql: string,
  tokens: readonly Token[],
  engine: SqlEngine,
): SqlError {
  const { message } = error;
  const near = NEAR.exec(message);
  if (near !== null) {
    return new SqlError(message + place(sql, tokens, near[1]), sql);
  }
  const unknown = UNKNOWN.exec(message);
  if (unknown !== null) {
    const [, kind, name] = unknown;
    const bare = name.slice(name.lastIndexOf('.') + 1);
    const meant = nearestName(bare, candidates(kind, tokens, engine));
    const hint = meant === undefined ? '' : `. Did you mean ${meant}?`;
    return new SqlError(message + place(sql, tokens, bare) + hint, sql);
  }
  return new SqlError(message, sql);
}

/** " (line 2, column 5)" where the text is one token of the statement; '' where it is several or none. */
function place(sql: string, tokens: readonly Token[], text: string): string {
  const found = tokens.filter((token) => token.text === text || nameOf(token) === text);
  if (found.length !== 1) {
    return '';
  }
  const { line, column } = positionOf(sql, found[0].start);
  return ` (line ${line}, column ${column})`;
}

function candidates(kind: string, tokens: readonly Token[], engine: SqlEngine): Set<string> {
  if (kind === 'function') {
    return new Set(FUNCTIONS.map(({ name }) => name));
  }
  const tables = [...VIEWS.map(({ name }) => name), ...engine.tables().map(({ name }) => name)];
  if (kind === 'table') {
    return new Set(tables);
  }
  const named = new Set(tokens.map((token) => nameOf(token).toLowerCase()));
  const used = tables.filter((table) => named.has(table.toLowerCase()));
  return new Set((used.length > 0 ? used : tables).flatMap((table) => engine.columnsOf(table)));
}
