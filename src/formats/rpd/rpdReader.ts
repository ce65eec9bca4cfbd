import type { SqlEngine } from '../../sqlite/engine.js';
import { isSqlite } from '../../sqlite/header.js';
import type { FormatReader } from '../reader.js';
import { sqliteTables } from '../sqliteSchema.js';
import { readSqliteTrace } from '../sqliteTrace.js';
import { readRpdTrace } from './rpdTrace.js';
import { isRpd } from './schema.js';

/**
 * Reads RPD traces (rocmProfileData, also called rocpd 2): GPU work of `rocpd_op`, API calls and
 * markers of `rocpd_api`, joined by `rocpd_api_ops`.
 *
 * @param openEngine an engine over a database's bytes
 */
export function rpdReader(openEngine: (database: Uint8Array) => Promise<SqlEngine>): FormatReader {
  return {
    id: 'rpd',
    label: 'RPD',
    detect: async ({ source, head }) => isSqlite(head) && isRpd(await sqliteTables(source)),
    read: (source, options) =>
      readSqliteTrace(source, options, openEngine, (engine, warnings) =>
        readRpdTrace(engine, source, options, warnings),
      ),
  };
}
