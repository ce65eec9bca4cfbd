import type { QueryResult } from '../session/session.js';
import type { SqlValue } from '../sqlite/engine.js';

/**
 * A query result that survives the way to the webview, which is JSON: integers beyond 2^53 and
 * infinities become text, because JSON would refuse the first and turn the second into null.
 */
export function sendableResult(result: QueryResult): QueryResult {
  return { ...result, rows: result.rows.map((row) => row.map(sendable)) };
}

function sendable(value: SqlValue): SqlValue {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    return value.toString();
  }
  return value;
}
