import { Gzip } from 'fflate';
import type { SqlDatabase } from '../sqlite/engine.js';
import { joinedBytes } from '../trace/index.js';
import { chromeParts } from './chrome/chromeTrace.js';
import { csvParts } from './csv.js';
import { databaseParts, type LabelledExport } from './database/writeDatabase.js';
import type { ExportParts, ExportRequest } from './exportRequest.js';
import { speedscopeParts } from './speedscope.js';

/**
 * A trace in the form asked for, piece by piece.
 *
 * @param database a new one, for a database only
 */
export function exportParts(
  labelled: LabelledExport,
  request: ExportRequest,
  database: SqlDatabase | null,
): ExportParts {
  const parts = plainParts(labelled, request, database);
  return request.gzip === true ? gzipped(parts) : parts;
}

function plainParts(
  labelled: LabelledExport,
  { to, table, window, writtenBy }: ExportRequest,
  database: SqlDatabase | null,
): ExportParts {
  const { trace, labels } = labelled;
  switch (to) {
    case 'chrome':
      return chromeParts(trace, labels, window, writtenBy);
    case 'csv':
      return csvParts(trace, labels, table, window);
    case 'speedscope':
      return speedscopeParts(trace, labels, window, writtenBy);
    case 'database':
      if (database === null) {
        throw new Error('There is no database to write to.');
      }
      return databaseParts(labelled, database, writtenBy);
  }
}

function* gzipped(parts: ExportParts): ExportParts {
  let packed: Uint8Array[] = [];
  // Without the time of day the same trace gives the same bytes.
  const gzip = new Gzip({ level: 6, mtime: 0 }, (chunk) => packed.push(chunk));
  try {
    for (;;) {
      const step = parts.next();
      if (step.done === true) {
        gzip.push(new Uint8Array(0), true);
        yield { bytes: joinedBytes(packed), stage: 'Packing', fraction: 1 };
        return step.value;
      }
      const { bytes, stage, fraction } = step.value;
      if (bytes !== undefined) {
        gzip.push(bytes);
      }
      yield packed.length === 0
        ? { stage, fraction }
        : { bytes: joinedBytes(packed), stage, fraction };
      packed = [];
    }
  } finally {
    parts.return({ rows: [], notes: [] });
  }
}
