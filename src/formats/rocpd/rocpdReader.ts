import type { OpenEngine } from '../../sqlite/engine.js';
import { isSqlite } from '../../sqlite/header.js';
import type { FormatReader } from '../reader.js';
import { sqliteTables } from '../sqliteSchema.js';
import { readSqliteTrace } from '../sqliteTrace.js';
import { readRocpdTrace } from './rocpdTrace.js';
import { isRocpd } from './tables.js';

/**
 * Reads rocpd traces (rocprofv3, ROCm Systems Profiler; schema 3, and 4 as far as its layout is
 * known). The tables are read, never the file's own views, which leave out rows.
 *
 * @param openEngine an engine over a database
 */
export function rocpdReader(openEngine: OpenEngine): FormatReader {
  return {
    id: 'rocpd',
    label: 'ROCm rocpd',
    detect: async ({ source, head }) => isSqlite(head) && isRocpd(await sqliteTables(source)),
    read: (source, options) =>
      readSqliteTrace(source, options, openEngine, (engine, warnings) =>
        readRocpdTrace(engine, source, options, warnings),
      ),
  };
}
