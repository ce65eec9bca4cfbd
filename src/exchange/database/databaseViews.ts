import { LABELS, select, times } from '../../query/viewSql.js';

/**
 * Views that an import carries for every other reader of SQLite: those of the same names in docs/sql.md,
 * with the same columns, over the tables of the file. What needs percentiles (`layers`), the analysis
 * (`stalls`) or a list (`collectives`; the column `stack`) is left to Layerscope.
 */
const TIMES = times('c');
const LABEL_JOINS = `LEFT JOIN layer_type t ON t.id = c.layer_type
  LEFT JOIN name mn ON mn.id = c.module
  LEFT JOIN method me ON me.id = c.method
  LEFT JOIN step s ON s.id = c.step`;

const RANK = { rank: 'r.rank', rank_id: 'l.rank' };
const STREAM = { device: 'l.device', stream: numeric('l.number') };
const THREAD = { process: numeric('l.process'), thread: numeric('l.number') };
const PLACE_JOINS = `LEFT JOIN name n ON n.id = c.name
  LEFT JOIN lane l ON l.id = c.lane
  LEFT JOIN rank r ON r.id = l.rank`;

const GPU = {
  id: 'c.id',
  name: 'n.text',
  kind: 'k.key',
  bytes: 'c.bytes',
  gb_per_s: 'c.bytes / nullif(c.duration * 1.0, 0)',
  ...TIMES,
  ...LABELS,
  ...RANK,
  ...STREAM,
  correlation: 'c.correlation',
  launch_id: 'c.launch',
  queue_ns: 'c.start - (a.start + a.duration)',
  queue_us: '(c.start - (a.start + a.duration)) / 1000.0',
  replayed: 'c.replayed',
  grid_x: 'sh.grid_x',
  grid_y: 'sh.grid_y',
  grid_z: 'sh.grid_z',
  block_x: 'sh.block_x',
  block_y: 'sh.block_y',
  block_z: 'sh.block_z',
};
const FROM_GPU = `FROM gpu c ${PLACE_JOINS} ${LABEL_JOINS}
  LEFT JOIN gpu_kind k ON k.id = c.kind
  LEFT JOIN launch a ON a.id = c.launch
  LEFT JOIN kernel_shape sh ON sh.id = c.shape`;

/** Ids that are numbers count and compare as such; '' is none. */
function numeric(column: string): string {
  const number = `CAST(${column} AS INTEGER)`;
  return `CASE WHEN CAST(${number} AS TEXT) = ${column} THEN ${number} ELSE nullif(${column}, '') END`;
}

/** Statements that make the views. @param measured the table that has the labels */
export function viewStatements(measured: 'gpu' | 'launch'): readonly string[] {
  const launch = { id: 'c.id', name: 'n.text', ...TIMES, ...LABELS, ...RANK, ...THREAD };
  const host = measured === 'launch';
  const calls = {
    ...(host ? launch : GPU),
    time_kind: host ? "'host_api'" : "'gpu'",
    device: host ? 'NULL' : STREAM.device,
    stream: host ? 'NULL' : STREAM.stream,
    thread: host ? THREAD.thread : 'NULL',
  };
  // Only the table that is measured has columns of labels.
  const fromLaunches = `FROM launch c ${PLACE_JOINS} ${host ? LABEL_JOINS : ''}`;
  return [
    view('kernels', GPU, `${FROM_GPU} WHERE k.key IN ('kernel', 'graph')`),
    view('memory_ops', GPU, `${FROM_GPU} WHERE k.key IN ('memcpy', 'memset')`),
    view('calls', calls, host ? fromLaunches : FROM_GPU),
    view(
      'launches',
      {
        ...launch,
        correlation: 'c.correlation',
        gpu_events: '(SELECT count(*) FROM gpu g WHERE g.launch = c.id)',
        gpu_ns: '(SELECT coalesce(sum(g.duration), 0) FROM gpu g WHERE g.launch = c.id)',
        range_id: 'c.range',
      },
      fromLaunches,
      ['stack', ...(host ? [] : [...Object.keys(LABELS), 'gpu_events', 'gpu_ns'])],
    ),
    view(
      'ranges',
      {
        id: 'c.id',
        name: 'n.text',
        kind: 'k.key',
        ...TIMES,
        ...RANK,
        ...THREAD,
        parent_id: 'c.parent',
      },
      `FROM range c ${PLACE_JOINS} LEFT JOIN range_kind k ON k.id = c.kind`,
    ),
    view(
      'host_events',
      { id: 'c.id', name: 'n.text', kind: 'k.key', ...TIMES, ...RANK, ...THREAD },
      `FROM host c ${PLACE_JOINS} LEFT JOIN host_kind k ON k.id = c.kind`,
      ['stack'],
    ),
    view(
      'steps',
      {
        id: 'c.id',
        step: 'c.number',
        label: 'c.label',
        phase: 'c.phase',
        ...TIMES,
        rank: 'r.rank',
        rank_id: 'c.rank',
      },
      'FROM step c LEFT JOIN rank r ON r.id = c.rank',
    ),
    view(
      'ranks',
      {
        id: 'c.id',
        rank: 'c.rank',
        world_size: 'nullif(c.world_size, 0)',
        label: 'c.label',
        device: "nullif(c.device, '')",
        file: 'c.file',
        loaded: '1',
        clock_skew_ns: 'c.clock_skew_ns',
        clock_spread_ns: 'c.clock_spread_ns',
        clock_matches: 'c.clock_matches',
        clock_shift_ns: 'c.clock_shift_ns',
        clock_note: "nullif(c.clock_note, '')",
      },
      'FROM rank c',
    ),
    view(
      'threads',
      { id: 'l.id', label: 'l.label', ...THREAD, ...RANK },
      "FROM lane l LEFT JOIN rank r ON r.id = l.rank WHERE l.kind = 'thread'",
    ),
    view(
      'streams',
      { id: 'l.id', label: 'l.label', ...STREAM, ...RANK },
      "FROM lane l LEFT JOIN rank r ON r.id = l.rank WHERE l.kind = 'stream'",
    ),
    view(
      'counters',
      {
        id: 'c.id',
        name: 'c.name',
        unit: "nullif(c.unit, '')",
        rank: 'r.rank',
        rank_id: 'c.rank',
        device: 'c.device',
        source: 'c.source',
        samples: 'count(v.value)',
        min: 'min(v.value)',
        mean: 'avg(v.value)',
        max: 'max(v.value)',
      },
      `FROM counter c LEFT JOIN counter_sample v ON v.counter = c.id
        LEFT JOIN rank r ON r.id = c.rank GROUP BY c.id`,
    ),
    view(
      'counter_samples',
      {
        counter_id: 'v.counter',
        name: 'c.name',
        time_ns: 'v.time',
        time_us: 'v.time / 1000.0',
        value: 'v.value',
      },
      'FROM counter_sample v JOIN counter c ON c.id = v.counter',
    ),
  ];
}

/**
 * A view with the columns of the one of that name in the catalogue, in their order.
 * @param without columns that this file cannot give at a price worth paying
 */
function view(
  name: string,
  expressions: Readonly<Record<string, string>>,
  rest: string,
  without: readonly string[] = [],
): string {
  return `CREATE VIEW ${name} AS ${select(name, expressions, rest, without)}`;
}
