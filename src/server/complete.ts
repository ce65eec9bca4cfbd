import { FUNCTIONS, VIEWS, type CatalogueColumn, type CatalogueView } from '../query/catalogue.js';
import { isSymbol, nameOf } from '../query/tokens.js';
import { describeColumn } from './hover.js';
import {
  endsInQuotesOrComment,
  readableTokens,
  startsTable,
  viewsInUse,
} from './statementNames.js';

export interface Completion {
  readonly label: string;
  readonly kind: 'view' | 'column' | 'function' | 'keyword';
  /** one line beside the label */
  readonly detail: string;
  readonly documentation: string;
  /** what is inserted, where it is not the label */
  readonly insert?: string;
}

const KEYWORDS =
  'SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET JOIN LEFT ON USING AS AND OR NOT IN LIKE BETWEEN IS NULL CASE WHEN THEN ELSE END DISTINCT UNION ALL WITH OVER PARTITION FILTER WITHIN ASC DESC VALUES EXPLAIN'.split(
    ' ',
  );

/**
 * What can stand at `offset` of a trace SQL text: views after FROM, the columns of the right view after a
 * dot, else columns of the views in use, functions and keywords.
 */
export function complete(text: string, offset: number): readonly Completion[] {
  const before = text.slice(0, offset);
  if (endsInQuotesOrComment(before)) {
    return [];
  }
  const tokens = readableTokens(before);
  // The word being typed is no context.
  const typing =
    tokens[tokens.length - 1]?.end === offset && nameOf(tokens[tokens.length - 1]) !== '';
  const at = typing ? tokens.length - 1 : tokens.length;
  const views = viewsInUse(readableTokens(text));
  if (isSymbol(tokens[at - 1], '.')) {
    const view = views.get(nameOf(tokens[at - 2]).toLowerCase());
    return view === undefined ? [] : columns([view]);
  }
  if (startsTable(tokens, at)) {
    return VIEWS.map(viewCompletion);
  }
  const inUse = new Set(views.values());
  return [
    ...columns(inUse.size > 0 ? inUse : VIEWS),
    ...FUNCTIONS.map(({ name, signature, description }) => ({
      label: name,
      kind: 'function' as const,
      detail: signature,
      documentation: description,
      insert: signature,
    })),
    ...(inUse.size > 0 ? [] : VIEWS.map(viewCompletion)),
    ...KEYWORDS.map((label) => ({
      label,
      kind: 'keyword' as const,
      detail: '',
      documentation: '',
    })),
  ];
}

function viewCompletion(view: CatalogueView): Completion {
  return { label: view.name, kind: 'view', detail: 'view', documentation: view.description };
}

/** Each column name once, with all views that have it. */
function columns(views: Iterable<CatalogueView>): Completion[] {
  const found = new Map<string, { column: CatalogueColumn; views: string[] }>();
  for (const view of views) {
    for (const column of view.columns) {
      const known = found.get(column.name);
      if (known === undefined) {
        found.set(column.name, { column, views: [view.name] });
      } else {
        known.views.push(view.name);
      }
    }
  }
  return [...found.values()].map(({ column, views: owners }) => ({
    label: column.name,
    kind: 'column',
    detail: describeColumn(column),
    documentation: `${column.description}\n\n${owners.join(', ')}`,
  }));
}
