import type { OpenEngine } from '../../sqlite/engine.js';
import { isSqlite } from '../../sqlite/header.js';
import type { FormatReader } from '../reader.js';
import { sqliteTables } from '../sqliteSchema.js';
import { readSqliteTrace } from '../sqliteTrace.js';
import { readNsysExport } from './nsysExport.js';
import { isNsys } from './schema.js';

/**
 * Reads SQLite exports of Nsight Systems, from those before schema 2.9 to 3.25.
 *
 * @param openEngine an engine over a database
 */
export function nsysReader(openEngine: OpenEngine): FormatReader {
  return {
    id: 'nsys',
    label: 'Nsight Systems export',
    detect: async ({ source, head }) => isSqlite(head) && isNsys(await sqliteTables(source)),
    read: (source, options) =>
      readSqliteTrace(source, options, openEngine, (engine, warnings) =>
        readNsysExport(engine, source, options, warnings),
      ),
  };
}
