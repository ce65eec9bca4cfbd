import { readFile } from 'node:fs/promises';
import { UsageError } from './exitCodes.js';

/** What a query is about and what it asks. */
export interface TracesAndStatement {
  readonly traces: readonly string[];
  readonly sql: string;
}

/**
 * Splits the words of `layerscope query`: trace files, then the statement, unless a file holds it.
 *
 * @throws UsageError where one of the two is missing or the file cannot be read
 */
export async function tracesAndStatement(
  words: readonly string[],
  file: string | undefined,
): Promise<TracesAndStatement> {
  if (file !== undefined) {
    return { traces: words, sql: await statementOf(file) };
  }
  if (words.length < 2) {
    throw new UsageError(
      'The statement is missing: layerscope query TRACE "SELECT ..." (or --file query.tracesql).',
    );
  }
  return { traces: words.slice(0, -1), sql: words[words.length - 1] };
}

async function statementOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The query '${file}' cannot be read: ${reason}`);
  }
}
