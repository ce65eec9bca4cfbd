import { FUNCTIONS, VIEWS, viewNamed, type CatalogueColumn } from '../query/catalogue.js';
import { isSymbol, nameOf } from '../query/tokens.js';
import { readableTokens, startsTable, viewsInUse } from './statementNames.js';

export interface Hover {
  /** Markdown, made of the catalogue's text only */
  readonly markdown: string;
  /** the word it is about, as offsets */
  readonly start: number;
  readonly end: number;
}

/** "NUMERIC, ns" */
export function describeColumn(column: CatalogueColumn): string {
  return column.unit === '' ? column.type : `${column.type}, ${column.unit}`;
}

/** What the catalogue says of the view, column or function at `offset`; undefined for anything else. */
export function hover(text: string, offset: number): Hover | undefined {
  const tokens = readableTokens(text);
  const at = tokens.findIndex((token) => token.start <= offset && offset <= token.end);
  const name = nameOf(tokens[at]).toLowerCase();
  if (name === '') {
    return undefined;
  }
  const answer = (markdown: string): Hover => ({
    markdown,
    start: tokens[at].start,
    end: tokens[at].end,
  });
  const view = viewNamed(name);
  if (view !== undefined && (startsTable(tokens, at) || isSymbol(tokens[at + 1], '.'))) {
    const columns = view.columns.map(
      (c) => `- \`${c.name}\` (${describeColumn(c)}): ${c.description}`,
    );
    return answer(`**${view.name}**: ${view.description}\n\n${columns.join('\n')}`);
  }
  const called = isSymbol(tokens[at + 1], '(');
  const found = called ? FUNCTIONS.find((f) => f.name === name) : undefined;
  if (found !== undefined) {
    return answer(`\`${found.signature}\`\n\n${found.description}`);
  }
  const inUse = viewsInUse(tokens);
  const qualifier = isSymbol(tokens[at - 1], '.') ? nameOf(tokens[at - 2]).toLowerCase() : '';
  const owner = inUse.get(qualifier);
  const among = qualifier === '' ? new Set(inUse.size > 0 ? inUse.values() : VIEWS) : [owner];
  for (const candidate of among) {
    const column = candidate?.columns.find((c) => c.name === name);
    if (candidate !== undefined && column !== undefined) {
      return answer(
        `**${candidate.name}.${column.name}** (${describeColumn(column)})\n\n${column.description}`,
      );
    }
  }
  return undefined;
}
