import type { SqlEngine } from '../../sqlite/engine.js';
import type { CountedEvents, Warning } from '../../trace/index.js';
import { HELD, type HeldRows } from './heldRows.js';
import type { SourceNames } from './sources.js';

export interface TrueCounts {
  /** events the recorder saw; null where the file does not tell it of all of them */
  readonly rowsCounted: number | null;
  readonly byName: readonly CountedEvents[];
  readonly warnings: readonly Warning[];
}

/**
 * How many events the recorder saw. Ingero keeps only part of its events as rows and counts all of
 * them in `event_aggregates`, one row a minute, source, operation and process.
 *
 * Those counts cannot be taken as they are: the recorder writes a minute with INSERT OR REPLACE
 * (internal/store of ingero-io/ingero), so when events of a finished minute arrive late, their few
 * replace the counts of the whole minute. It shows where the file holds rows the aggregate cannot
 * have counted: more rows than it says were stored, or durations outside its least and greatest. In
 * pytorch-173382-empty-cache.db the first minute of cudaLaunchKernel counts 1,004 events, none of them
 * stored, with at most 39 µs; the file holds 906 rows of that minute, one of 68.8 ms. There the true
 * count is unknown, and so is the sum; files without aggregates tell nothing.
 *
 * @param held the rows that were read; undefined where not all could be
 * @throws SqlError
 */
export function trueCounts(
  engine: SqlEngine,
  names: SourceNames,
  held: HeldRows | undefined,
): TrueCounts {
  const columns = engine.columnsOf('event_aggregates');
  const needed = ['bucket', 'source', 'op', 'pid', 'count', 'stored', 'min_dur', 'max_dur'];
  if (!needed.every((column) => columns.includes(column))) {
    return { rowsCounted: null, byName: [], warnings: [] };
  }
  const grouped = held?.asTable(engine) === true;
  const sums = engine.query(sumsOver(grouped ? '' : GROUPED)).rows.map((row) => row.map(Number));
  const aggregated = sums.some((row) => row[COUNTED] > 0);
  if (!aggregated) {
    return { rowsCounted: null, byName: [], warnings: [] };
  }

  let rowsCounted: number | null = 0;
  let unknown = 0;
  let lost = 0;
  const byName = sums.map((row) => {
    const untrusted = row[UNTRUSTED] > 0;
    unknown += untrusted ? 1 : 0;
    lost += untrusted ? 0 : row[LOST];
    const counted = untrusted ? null : row[COUNTED];
    rowsCounted = rowsCounted === null || counted === null ? null : rowsCounted + counted;
    const source = names.source(row[SOURCE]);
    return {
      source: source?.name ?? `source ${row[SOURCE]}`,
      name: names.op(row[SOURCE], row[OP]),
      table: source?.isApi === true ? ('launches' as const) : ('host' as const),
      rows: row[ROWS],
      counted,
    };
  });
  const warnings: Warning[] = [];
  if (unknown > 0) {
    warnings.push({
      code: 'counts-overwritten',
      message: `The file's own counts (event_aggregates) are contradicted by its rows for ${unknown} of ${sums.length} kinds of event: the recorder overwrote them. How many events there were is unknown for these.`,
      rows: 0,
    });
  }
  if (lost > 0) {
    warnings.push({
      code: 'rows-lost',
      message: `The recorder counts ${lost} more events as stored than the file holds rows.`,
      rows: lost,
    });
  }
  return { rowsCounted, byName, warnings };
}

const SOURCE = 0;
const OP = 1;
const ROWS = 2;
const COUNTED = 3;
const LOST = 4;
const UNTRUSTED = 5;

/** SQL that is 1 for a value that counts nothing: a fraction, text, less than 0, more than a double holds. */
const noCount = (column: string): string =>
  `(typeof(${column}) <> 'integer' OR ${column} NOT BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER})`;

/**
 * Aggregates beside the rows they should count, by minute. Where one count of a minute is contradicted
 * none of that minute is trusted, nor where it is no count or of no minute: an operation without rows
 * (mm_page_alloc) cannot contradict its own.
 * @param before the common table `held`, where there is no temporary one
 */
const sumsOver = (before: string): string => `
WITH ${before}pairs AS (
  SELECT a.bucket, a.source, a.op, coalesce(h.n, 0) AS n, a.count, a.stored,
         coalesce(h.n > a.stored OR h.least < a.min_dur OR h.most > a.max_dur, 0)
           OR ${noCount('a.count')} OR ${noCount('a.stored')} AS contradicted
  FROM event_aggregates a LEFT JOIN ${HELD} h USING (bucket, source, op, pid)
  UNION ALL
  SELECT h.bucket, h.source, h.op, h.n, 0, 0, 1
  FROM ${HELD} h WHERE NOT EXISTS (
    SELECT 1 FROM event_aggregates a WHERE a.bucket = h.bucket AND a.source = h.source
      AND a.op = h.op AND a.pid = h.pid)
), untrusted AS (SELECT DISTINCT bucket FROM pairs WHERE contradicted)
SELECT source, op, sum(n), sum(count), sum(max(0, stored - n)), sum(coalesce(bucket IN untrusted, TRUE))
FROM pairs GROUP BY source, op ORDER BY source, op`;

/** What `HeldRows` counts while rows are read, in SQL: a reading and a sorting of all of them. */
const GROUPED = `${HELD} AS (
  SELECT timestamp - timestamp % 60000000000 AS bucket, source, op, pid, count(*) AS n,
         min(duration) AS least, max(duration) AS most
  FROM events GROUP BY 1, 2, 3, 4
), `;
