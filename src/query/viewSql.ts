import { viewNamed } from './catalogue.js';
import type { BaseTableId } from './baseTables.js';
import type { QueryTables } from './tables.js';

/** The statement behind a view, and the base tables whose rows it reads. */
export interface ViewSql {
  readonly select: string;
  readonly needs: readonly BaseTableId[];
}

/** Expression of each column, by name; the catalogue decides the order. */
type Expressions = Readonly<Record<string, string>>;

/** Tables of a handful of rows that are filled at once. */
export const SMALL_TABLES: readonly BaseTableId[] = [
  'layerTypes',
  'methods',
  'ranks',
  'lanes',
  'steps',
];

/** Times of the rows of `alias`, which has `start` and `duration`. */
export function times(alias: string): Expressions {
  return {
    start_ns: `${alias}.start`,
    start_us: `${alias}.start / 1000.0`,
    end_ns: `${alias}.start + ${alias}.duration`,
    duration_ns: `${alias}.duration`,
    duration_us: `${alias}.duration / 1000.0`,
  };
}

/** Labels of the calls `c`: of its type `t`, module `mn`, method `me` and step `s`. */
export const LABELS: Expressions = {
  layer_type: 't.key',
  layer_label: 't.label',
  layer_index: 'c.layer_index',
  module: 'mn.text',
  method: 'me.key',
  step: 's.number',
  step_label: 's.label',
  step_id: 'c.step',
  phase: "coalesce(s.phase, 'unknown')",
};
const LABEL_JOINS = `LEFT JOIN layerscope_layer_types t ON t.id = c.type
  LEFT JOIN layerscope_names mn ON mn.id = c.module
  LEFT JOIN layerscope_methods me ON me.id = c.method
  LEFT JOIN layerscope_steps s ON s.id = c.step`;

const RANK: Expressions = { rank: 'l.rank', rank_id: 'l.rank_id' };
const STREAM: Expressions = { device: 'l.device', stream: 'l.lane' };
const THREAD: Expressions = { process: 'l.process', thread: 'l.lane' };
const STACK_JOIN = 'LEFT JOIN layerscope_stacks sk ON sk.id = c.stack';
const NAME_AND_LANE = `LEFT JOIN layerscope_names n ON n.id = c.name
  LEFT JOIN layerscope_lanes l ON l.id = c.lane`;

const GPU: Expressions = {
  id: 'c.id',
  name: 'n.text',
  kind: 'c.kind',
  bytes: 'c.bytes',
  // bytes a nanosecond are gigabytes a second
  gb_per_s: 'c.bytes / nullif(c.duration * 1.0, 0)',
  collective: 'cn.text',
  message_bytes: 'c.bytes',
  sequence: 'row_number() OVER (PARTITION BY l.rank_id, c.name ORDER BY c.start, c.id) - 1',
  ...times('c'),
  ...LABELS,
  ...RANK,
  ...STREAM,
  correlation: 'c.correlation',
  launch_id: 'c.launch',
  queue_ns: 'c.queue',
  queue_us: 'c.queue / 1000.0',
  replayed: 'c.replayed',
  grid_x: 'c.grid_x',
  grid_y: 'c.grid_y',
  grid_z: 'c.grid_z',
  block_x: 'c.block_x',
  block_y: 'c.block_y',
  block_z: 'c.block_z',
};
const FROM_GPU = `FROM layerscope_gpu c ${NAME_AND_LANE} ${LABEL_JOINS}`;
const FROM_LAUNCHES = `FROM layerscope_launches c ${NAME_AND_LANE} ${LABEL_JOINS}`;

/**
 * `SELECT expression AS column, ...` in the order of the catalogue, which has to be complete.
 * @param without columns that are left out
 */
export function select(
  view: string,
  expressions: Expressions,
  rest: string,
  without: readonly string[] = [],
): string {
  const columns = viewNamed(view)?.columns;
  if (columns === undefined) {
    throw new RangeError(`the catalogue has no view ${view}`);
  }
  const list = columns.flatMap(({ name }) => {
    if (without.includes(name)) {
      return [];
    }
    const expression = expressions[name];
    if (expression === undefined) {
      throw new RangeError(`the view ${view} does not say what its column ${name} is`);
    }
    return [`${expression} AS ${name}`];
  });
  return `SELECT ${list.join(', ')} ${rest}`;
}

/** The statements of all views but `events`, which depends on the file. */
export function viewStatements(tables: QueryTables): ReadonlyMap<string, ViewSql> {
  const host = tables.timeKind === 'host_api';
  const measured: BaseTableId = host ? 'launches' : 'gpu';
  const call: Expressions = {
    ...GPU,
    time_kind: `'${tables.timeKind}'`,
    device: host ? 'NULL' : 'l.device',
    stream: host ? 'NULL' : 'l.lane',
    thread: host ? 'l.lane' : 'NULL',
  };
  const fromMeasured = host ? FROM_LAUNCHES : FROM_GPU;
  return new Map<string, ViewSql>([
    [
      'kernels',
      {
        select: select('kernels', GPU, `${FROM_GPU} WHERE c.kind IN ('kernel', 'graph')`),
        needs: ['names', 'gpu'],
      },
    ],
    [
      'memory_ops',
      {
        select: select('memory_ops', GPU, `${FROM_GPU} WHERE c.kind IN ('memcpy', 'memset')`),
        needs: ['names', 'gpu'],
      },
    ],
    [
      'collectives',
      {
        select: select(
          'collectives',
          GPU,
          `${FROM_GPU} LEFT JOIN layerscope_names cn ON cn.id = c.collective WHERE c.communicates = 1`,
        ),
        needs: ['names', 'gpu'],
      },
    ],
    [
      'launches',
      {
        select: select(
          'launches',
          {
            id: 'c.id',
            name: 'n.text',
            ...times('c'),
            ...LABELS,
            ...RANK,
            ...THREAD,
            correlation: 'c.correlation',
            gpu_events: 'c.gpu_events',
            gpu_ns: 'c.gpu_ns',
            range_id: 'c.range',
            stack: 'sk.text',
          },
          `${FROM_LAUNCHES} ${STACK_JOIN}`,
        ),
        needs: ['names', 'launches', 'stacks'],
      },
    ],
    ['calls', { select: select('calls', call, fromMeasured), needs: ['names', measured] }],
    ['layers', { select: layers(measured), needs: [measured] }],
    [
      'steps',
      {
        select: select(
          'steps',
          {
            id: 'c.id',
            step: 'c.number',
            label: 'c.label',
            phase: 'c.phase',
            ...times('c'),
            rank: 'c.rank',
            rank_id: 'c.rank_id',
          },
          'FROM layerscope_steps c',
        ),
        needs: [],
      },
    ],
    [
      'stalls',
      {
        select: select(
          'stalls',
          {
            ...call,
            id: 'st.id',
            call_id: 'st.call',
            typical_ns: 'st.typical',
            typical_us: 'st.typical / 1000.0',
            times_typical: 'c.duration * 1.0 / nullif(st.typical, 0)',
            lost_ns: 'st.lost',
            lost_us: 'st.lost / 1000.0',
            has_source: 'st.has_source',
          },
          `FROM layerscope_stalls st JOIN ${
            host ? 'layerscope_launches' : 'layerscope_gpu'
          } c ON c.id = st.call ${NAME_AND_LANE} ${LABEL_JOINS}`,
        ),
        needs: ['names', measured, 'stalls'],
      },
    ],
    ['ranges', onThreads('ranges', 'layerscope_ranges', { parent_id: 'c.parent' }, 'ranges')],
    ['host_events', onThreads('host_events', 'layerscope_host', { stack: 'sk.text' }, 'host')],
    [
      'counters',
      {
        select: select(
          'counters',
          {
            id: 'c.id',
            name: 'c.name',
            unit: 'c.unit',
            rank: 'c.rank',
            rank_id: 'c.rank_id',
            device: 'c.device',
            source: 'c.source',
            samples: 'c.samples',
            min: 'c.least',
            mean: 'c.mean',
            max: 'c.most',
          },
          'FROM layerscope_counters c',
        ),
        needs: ['counters'],
      },
    ],
    [
      'counter_samples',
      {
        select: select(
          'counter_samples',
          {
            counter_id: 's.counter',
            name: 'c.name',
            time_ns: 's.time',
            time_us: 's.time / 1000.0',
            value: 's.value',
          },
          'FROM layerscope_samples s JOIN layerscope_counters c ON c.id = s.counter',
        ),
        needs: ['counters', 'samples'],
      },
    ],
    [
      'ranks',
      {
        select: `SELECT id, rank, world_size, label, device, file, loaded, clock_skew_ns,
          clock_spread_ns, clock_matches, clock_shift_ns, clock_note FROM layerscope_ranks`,
        needs: [],
      },
    ],
    ['threads', lanes('threads', 'thread', THREAD)],
    ['streams', lanes('streams', 'stream', STREAM)],
  ]);
}

function onThreads(view: string, table: string, more: Expressions, needs: BaseTableId): ViewSql {
  const hasStack = 'stack' in more;
  return {
    select: select(
      view,
      { id: 'c.id', name: 'n.text', kind: 'c.kind', ...times('c'), ...RANK, ...THREAD, ...more },
      `FROM ${table} c ${NAME_AND_LANE} ${hasStack ? STACK_JOIN : ''}`,
    ),
    needs: ['names', needs, ...(hasStack ? (['stacks'] as const) : [])],
  };
}

function lanes(view: string, kind: string, place: Expressions): ViewSql {
  return {
    select: select(
      view,
      { id: 'l.id', label: 'l.label', ...place, ...RANK },
      `FROM layerscope_lanes l WHERE l.kind = '${kind}'`,
    ),
    needs: [],
  };
}

function layers(measured: 'gpu' | 'launches'): string {
  const table = measured === 'gpu' ? 'layerscope_gpu' : 'layerscope_launches';
  const figures = `SELECT layer_index, type, count(*) AS calls, sum(duration) AS total,
    percentile_cont(duration, 0.5) AS p50, percentile_cont(duration, 0.99) AS p99,
    max(duration) AS longest FROM ${table} GROUP BY layer_index, type`;
  return select(
    'layers',
    {
      layer_index: 'c.layer_index',
      layer_type: 't.key',
      layer_label: 't.label',
      calls: 'c.calls',
      total_ns: 'c.total',
      total_us: 'c.total / 1000.0',
      share: 'c.total * 1.0 / nullif(sum(c.total) OVER (), 0)',
      p50_ns: 'c.p50',
      p50_us: 'c.p50 / 1000.0',
      p99_ns: 'c.p99',
      p99_us: 'c.p99 / 1000.0',
      max_ns: 'c.longest',
      max_us: 'c.longest / 1000.0',
      tail_ratio: 'c.p99 / nullif(c.p50, 0)',
    },
    `FROM (${figures}) c LEFT JOIN layerscope_layer_types t ON t.id = c.type`,
  );
}

/**
 * `events` where the trace has no such table of its own: GPU events, API calls and host events, under
 * the names that flat event tables use. Ranges are in their own view: they are no work but what
 * was open around it. `id` counts through all three.
 *
 * @param tables for the counts that make ids unique and the absolute time of 0
 */
export function eventsFromColumns(tables: QueryTables): ViewSql {
  const origin = BigInt(tables.originNs);
  const part = (table: string, source: string, kind: string, firstId: number, stream: boolean) => {
    const labelled = table !== 'layerscope_host';
    const label = (name: string) => (labelled ? LABELS[name] : 'NULL');
    return `SELECT c.id + ${firstId} AS id, CAST(round(c.start) AS INTEGER) + ${origin} AS timestamp,
      '${source}' AS source, n.text AS name, c.duration / 1000.0 AS duration_us,
      l.process AS pid, ${stream ? 'NULL' : 'l.lane'} AS tid, l.device AS gpu_id,
      ${stream ? 'l.lane' : 'NULL'} AS stream, ${kind} AS kind,
      c.start AS start_ns, c.start / 1000.0 AS start_us, c.duration AS duration_ns,
      ${[
        'layer_type',
        'layer_label',
        'layer_index',
        'module',
        'method',
        'step',
        'step_label',
        'phase',
      ]
        .map((name) => `${label(name)} AS ${name}`)
        .join(', ')},
      l.rank AS rank, l.rank_id AS rank_id
      FROM ${table} c ${NAME_AND_LANE} ${labelled ? LABEL_JOINS : ''}`;
  };
  const { gpu, launches } = tables;
  return {
    select: [
      part('layerscope_gpu', 'cuda', 'c.kind', 0, true),
      part('layerscope_launches', 'host', "'api'", gpu.count, false),
      part('layerscope_host', 'host', 'c.kind', gpu.count + launches.count, false),
    ].join('\nUNION ALL\n'),
    needs: ['names', 'gpu', 'launches', 'host'],
  };
}
