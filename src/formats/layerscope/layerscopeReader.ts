import type { OpenEngine } from '../../sqlite/engine.js';
import { isSqlite } from '../../sqlite/header.js';
import type { FormatReader } from '../reader.js';
import { rankInTable } from '../sqliteRank.js';
import { readSqliteTrace } from '../sqliteTrace.js';
import { readImport } from './readImport.js';
import { APPLICATION_ID, RANK } from './schema.js';

/** Where the header of an SQLite file has its application id. */
const APPLICATION_ID_AT = 68;

/**
 * Reads what `layerscope import` wrote: a whole trace in columns, with the labels it had. Told by
 * SQLite's application id.
 *
 * @param openEngine an engine over a database
 */
export function layerscopeReader(openEngine: OpenEngine): FormatReader {
  return {
    id: 'layerscope',
    label: 'Layerscope import',
    detect: async ({ head }) => isSqlite(head) && applicationId(head) === APPLICATION_ID,
    rank: ({ source }) => rankInTable(source, RANK.table),
    read: (source, options) =>
      readSqliteTrace(source, options, openEngine, (engine, warnings) =>
        readImport(engine, source, options, warnings),
      ),
  };
}

function applicationId(head: Uint8Array): number {
  return head.length < 100
    ? 0
    : new DataView(head.buffer, head.byteOffset, head.length).getUint32(APPLICATION_ID_AT);
}
