import { prepareStatement } from './dialect.js';

/** A statement with what people call it: one `.tracesql` file. */
export interface SavedQueryText {
  readonly title: string;
  /** '' where the file has none */
  readonly description: string;
  /** the statement, without the header */
  readonly sql: string;
}

const FIELD = /^--\s*(title|description)\s*:\s*(.*)$/i;
const CONTINUED = /^--\s{2,}(\S.*)$/;

/**
 * Reads a `.tracesql` file: comment lines `-- title:` and `-- description:` at its top, the latter continued
 * by comment lines indented by two spaces or more, then one statement.
 *
 * @param fileName its name gives the title where the header has none
 * @throws StatementError for a file without a statement, with several, or with one that does not only read
 */
export function parseSavedQuery(fileName: string, text: string): SavedQueryText {
  const header = { title: '', description: '' };
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  let at = 0;
  let field: keyof typeof header | undefined;
  for (; at < lines.length; at++) {
    const line = lines[at].trim();
    const named = FIELD.exec(line);
    const continued = CONTINUED.exec(line);
    if (named !== null) {
      field = named[1].toLowerCase() as keyof typeof header;
      header[field] = named[2].trim();
    } else if (continued !== null && field !== undefined) {
      header[field] = `${header[field]} ${continued[1]}`.trim();
    } else if (line !== '') {
      break;
    }
  }
  const sql = lines.slice(at).join('\n').trim();
  prepareStatement(sql);
  const baseName = fileName.split(/[\\/]/).at(-1) ?? fileName;
  return {
    title: header.title || baseName.replace(/\.tracesql$/i, ''),
    description: header.description,
    sql,
  };
}
