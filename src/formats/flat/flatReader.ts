import { isSqlite } from '../../sqlite/header.js';
import type { SqlEngine } from '../../sqlite/engine.js';
import type { FormatReader } from '../reader.js';
import { readSqliteTrace } from '../sqliteTrace.js';
import { rankInTable } from '../sqliteRank.js';
import { sqliteTables } from '../sqliteSchema.js';
import { hasFlatEvents } from './columns.js';
import { readFlatEvents } from './flatEvents.js';

/**
 * Reads an SQLite file with a table `events`, one row an event: `timestamp` (ns), `name` and
 * `duration_us` (or `duration_ns`, `duration`, both ns) are needed, all other columns are optional.
 * `source` decides what a row is (`placeOfSource`); `pid`, `tid`, `gpu_id`, `stream`, `rank`,
 * `world_size`, `bytes` and `stack` (`parseStack`) are used where they exist.
 *
 * A row without a usable time or duration is left out and counted by its reason in the report: no
 * number, a negative duration, or more than 104 days, which a double cannot hold in exact ns. A row
 * without a name stays, as "(no name)"; one without a source stays a host event.
 *
 * @param openEngine an engine over a database's bytes
 */
export function flatReader(openEngine: (database: Uint8Array) => Promise<SqlEngine>): FormatReader {
  return {
    id: 'flat',
    label: 'events table',
    detect: async ({ source, head }) => isSqlite(head) && hasFlatEvents(await sqliteTables(source)),
    rank: ({ source }) => rankInTable(source, 'events'),
    read: (source, options) =>
      readSqliteTrace(source, options, openEngine, (engine, warnings) =>
        readFlatEvents(engine, source, options, warnings),
      ),
  };
}
