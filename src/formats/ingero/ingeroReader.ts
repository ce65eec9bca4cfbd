import { isSqlite } from '../../sqlite/header.js';
import type { SqlEngine } from '../../sqlite/engine.js';
import type { FormatReader } from '../reader.js';
import { sqliteTables } from '../sqliteSchema.js';
import { rankInTable } from '../sqliteRank.js';
import { readSqliteTrace } from '../sqliteTrace.js';
import { readIngeroTrace } from './ingeroTrace.js';
import { isIngero } from './schema.js';

/**
 * Reads databases of the Ingero eBPF agent (schema 0.8 to 0.10). They hold API calls and operating
 * system events, no GPU work: durations are host time.
 *
 * @param openEngine an engine over a database's bytes
 */
export function ingeroReader(
  openEngine: (database: Uint8Array) => Promise<SqlEngine>,
): FormatReader {
  return {
    id: 'ingero',
    label: 'Ingero database',
    detect: async ({ source, head }) => isSqlite(head) && isIngero(await sqliteTables(source)),
    rank: ({ source }) => rankInTable(source, 'sessions'),
    read: (source, options) =>
      readSqliteTrace(source, options, openEngine, (engine, warnings) =>
        readIngeroTrace(engine, source, options, warnings),
      ),
  };
}
