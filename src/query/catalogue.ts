/** Storage class of a column's values; NUMERIC is INTEGER where the value is whole, else REAL. */
export type ColumnType = 'INTEGER' | 'REAL' | 'NUMERIC' | 'TEXT';

export interface CatalogueColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** 'ns', 'µs', 'bytes', 'GB/s'; '' where it has none */
  readonly unit: string;
  readonly description: string;
}

export interface CatalogueView {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly CatalogueColumn[];
}

export interface CatalogueFunction {
  readonly name: string;
  /** as it is written, with the names of its arguments */
  readonly signature: string;
  readonly description: string;
}

function column(name: string, type: ColumnType, description: string, unit = ''): CatalogueColumn {
  return { name, type, unit, description };
}

const ID = column('id', 'INTEGER', 'Number of the row in this view, in time order, from 0.');
const CALL_ID = column('id', 'INTEGER', 'Number of the call, the same in every view and table.');
const NAME = column('name', 'TEXT', 'Name as the trace has it.');

const TIMES = [
  column('start_ns', 'NUMERIC', "Start, from the trace's start.", 'ns'),
  column('start_us', 'REAL', "Start, from the trace's start.", 'µs'),
  column('end_ns', 'NUMERIC', "End, from the trace's start.", 'ns'),
  column('duration_ns', 'NUMERIC', 'Duration.', 'ns'),
  column('duration_us', 'REAL', 'Duration.', 'µs'),
];

const LABELS = [
  column(
    'layer_type',
    'TEXT',
    "Kind of layer: 'mamba', 'attention', 'moe_all_to_all', ...; 'unclassified' without evidence.",
  ),
  column('layer_label', 'TEXT', "Layer type as people read it: 'Mamba SSM'."),
  column(
    'layer_index',
    'INTEGER',
    'Layer of the model, from 0; NULL outside the layers or unknown.',
  ),
  column('module', 'TEXT', 'Path of module instances, outermost first; NULL where unknown.'),
  column(
    'method',
    'TEXT',
    "Evidence for the layer type: 'module', 'stack', 'companion', 'structure', 'name' or 'none'.",
  ),
  column('step', 'INTEGER', 'Number of the engine step or iteration; NULL outside steps.'),
  column('step_label', 'TEXT', "The step's annotation; NULL outside steps."),
  column('step_id', 'INTEGER', 'Row of the step in the view steps; NULL outside steps.'),
  column('phase', 'TEXT', "'prefill', 'decode', 'mixed', 'train' or 'unknown'."),
];

const RANK = [
  column('rank', 'INTEGER', 'Rank of the distributed job; NULL where the trace does not say.'),
  column('rank_id', 'INTEGER', 'Row of the rank in the view ranks.'),
];
const STREAM = [
  column('device', 'INTEGER', 'Number of the GPU.'),
  column('stream', 'NUMERIC', 'Stream on that GPU.'),
];
const THREAD = [
  column('process', 'NUMERIC', 'Process id; NULL where the trace does not say.'),
  column('thread', 'NUMERIC', 'Thread id.'),
];

const LAUNCH_LINK = [
  column('correlation', 'INTEGER', 'Correlation id of the file; NULL where it has none.'),
  column(
    'launch_id',
    'INTEGER',
    'Row of the API call in the view launches; NULL without one in the trace.',
  ),
  column(
    'queue_ns',
    'NUMERIC',
    'Start minus end of the launching call; negative where it started before the call returned.',
    'ns',
  ),
  column('queue_us', 'REAL', 'Start minus end of the launching call.', 'µs'),
  column('replayed', 'INTEGER', '1 where it was replayed from a CUDA or HIP graph.'),
];

const GRID = ['grid_x', 'grid_y', 'grid_z'].map((name) =>
  column(name, 'INTEGER', 'Blocks of the grid; NULL where not recorded.'),
);
const BLOCK = ['block_x', 'block_y', 'block_z'].map((name) =>
  column(name, 'INTEGER', 'Threads of a block; NULL where not recorded.'),
);
const STACK = column(
  'stack',
  'TEXT',
  "Functions of its call stack, innermost first: 'poll < wait < main'; Python functions with file and line. NULL where not recorded.",
);
const BYTES = column('bytes', 'NUMERIC', 'Bytes moved or set; NULL where not recorded.', 'bytes');

/** The views every trace answers to: the one home of their columns, types, units and meaning. */
export const VIEWS: readonly CatalogueView[] = [
  {
    name: 'kernels',
    description: 'GPU kernels. Empty for traces of host calls only.',
    columns: [
      CALL_ID,
      NAME,
      column('kind', 'TEXT', "'kernel', or 'graph' where a whole graph is one event."),
      ...TIMES,
      ...LABELS,
      ...RANK,
      ...STREAM,
      ...GRID,
      ...BLOCK,
      ...LAUNCH_LINK,
    ],
  },
  {
    name: 'memory_ops',
    description: 'Copies and memsets on the GPU.',
    columns: [
      CALL_ID,
      NAME,
      column('kind', 'TEXT', "'memcpy' or 'memset'."),
      BYTES,
      column('gb_per_s', 'REAL', 'Bytes by duration.', 'GB/s'),
      ...TIMES,
      ...LABELS,
      ...RANK,
      ...STREAM,
      ...LAUNCH_LINK,
    ],
  },
  {
    name: 'collectives',
    description:
      'GPU events that exchange data between ranks: those the trace names a collective for, and kernels with a known communication name.',
    columns: [
      CALL_ID,
      NAME,
      column(
        'collective',
        'TEXT',
        "Collective the trace names ('_allgather_base'); NULL where it names none.",
      ),
      column(
        'message_bytes',
        'NUMERIC',
        'Size of its message as the communication library counts it; NULL where the trace does not say.',
        'bytes',
      ),
      column(
        'sequence',
        'INTEGER',
        'Which call of this name it is on its rank, from 0: the same call on every rank where all were recorded from the same point.',
      ),
      ...TIMES,
      ...LABELS,
      ...RANK,
      ...STREAM,
      ...LAUNCH_LINK,
    ],
  },
  {
    name: 'launches',
    description: 'CUDA or HIP API calls on host threads. Their durations are host time.',
    columns: [
      column('id', 'INTEGER', 'Number of the API call.'),
      NAME,
      ...TIMES,
      ...LABELS.map((c) =>
        c.name === 'layer_type'
          ? column(
              'layer_type',
              'TEXT',
              'Layer type of the call, or of the GPU events it launched; NULL where these differ or are none. The other labels likewise.',
            )
          : c,
      ),
      ...RANK,
      ...THREAD,
      column('correlation', 'INTEGER', 'Correlation id of the file; NULL where it has none.'),
      column('gpu_events', 'INTEGER', 'GPU events it launched.'),
      column('gpu_ns', 'NUMERIC', 'Total duration of the GPU events it launched.', 'ns'),
      column(
        'range_id',
        'INTEGER',
        'Innermost range around it, in the view ranges; NULL for none.',
      ),
      STACK,
    ],
  },
  {
    name: 'calls',
    description:
      'What the layer table counts: all GPU events, or the API calls where a trace has no GPU events. `time_kind` says which.',
    columns: [
      CALL_ID,
      NAME,
      column(
        'time_kind',
        'TEXT',
        "'gpu': time on the GPU. 'host_api': time inside API calls on the host.",
      ),
      ...TIMES,
      ...LABELS,
      ...RANK,
      column('device', 'INTEGER', 'Number of the GPU; NULL for host calls.'),
      column('stream', 'NUMERIC', 'Stream on that GPU; NULL for host calls.'),
      column('thread', 'NUMERIC', 'Thread of a host call; NULL for GPU events.'),
    ],
  },
  {
    name: 'layers',
    description: 'Calls by layer index and layer type, with their percentiles.',
    columns: [
      column(
        'layer_index',
        'INTEGER',
        'Layer of the model, from 0; NULL outside the layers or unknown.',
      ),
      column('layer_type', 'TEXT', 'Kind of layer.'),
      column('layer_label', 'TEXT', 'Layer type as people read it.'),
      column('calls', 'INTEGER', 'Number of calls.'),
      column('total_ns', 'NUMERIC', 'Total duration.', 'ns'),
      column('total_us', 'REAL', 'Total duration.', 'µs'),
      column('share', 'REAL', 'Share of the total duration of all calls, 0 to 1.'),
      column('p50_ns', 'REAL', 'Median duration.', 'ns'),
      column('p50_us', 'REAL', 'Median duration.', 'µs'),
      column('p99_ns', 'REAL', '99th percentile of the durations.', 'ns'),
      column('p99_us', 'REAL', '99th percentile of the durations.', 'µs'),
      column('max_ns', 'NUMERIC', 'Longest duration.', 'ns'),
      column('max_us', 'REAL', 'Longest duration.', 'µs'),
      column('tail_ratio', 'REAL', 'p99 by p50; NULL for a median of 0.'),
    ],
  },
  {
    name: 'steps',
    description:
      'Engine steps and iterations, as annotated in the trace. Their times are host times.',
    columns: [
      ID,
      column('step', 'INTEGER', 'Number the annotation states, or its order.'),
      column('label', 'TEXT', 'The annotation.'),
      column('phase', 'TEXT', "'prefill', 'decode', 'mixed', 'train' or 'unknown'."),
      ...TIMES,
      ...RANK,
    ],
  },
  {
    name: 'stalls',
    description: "Calls far above their own layer type's median, the most time lost first.",
    columns: [
      ID,
      column('call_id', 'INTEGER', 'Number of the call.'),
      NAME,
      ...TIMES,
      column(
        'typical_ns',
        'NUMERIC',
        'Median of its layer type, or of its kernel where unclassified.',
        'ns',
      ),
      column(
        'typical_us',
        'REAL',
        'Median of its layer type, or of its kernel where unclassified.',
        'µs',
      ),
      column('times_typical', 'REAL', 'Duration by typical duration.'),
      column('lost_ns', 'NUMERIC', 'Duration minus typical duration.', 'ns'),
      column('lost_us', 'REAL', 'Duration minus typical duration.', 'µs'),
      column('has_source', 'INTEGER', '1 where the trace can lead to code.'),
      ...LABELS,
      ...RANK,
      column('device', 'INTEGER', 'Number of the GPU; NULL for host calls.'),
      column('stream', 'NUMERIC', 'Stream on that GPU; NULL for host calls.'),
      column('thread', 'NUMERIC', 'Thread of a host call; NULL for GPU events.'),
    ],
  },
  {
    name: 'ranges',
    description: 'What was open on host threads: annotations, modules, Python frames, operators.',
    columns: [
      ID,
      NAME,
      column('kind', 'TEXT', "'annotation', 'module', 'frame' or 'op'."),
      ...TIMES,
      column('parent_id', 'INTEGER', 'Range around it; NULL at the root.'),
      ...RANK,
      ...THREAD,
    ],
  },
  {
    name: 'host_events',
    description: 'Events of the operating system or the profiler: context switches, I/O, overhead.',
    columns: [
      ID,
      NAME,
      column(
        'kind',
        'TEXT',
        "'scheduler', 'memory', 'process', 'io', 'network', 'overhead' or 'other'.",
      ),
      ...TIMES,
      ...RANK,
      ...THREAD,
      STACK,
    ],
  },
  {
    name: 'counters',
    description:
      'Sampled quantities: GPU metrics, memory in use, clocks. Empty where the trace has none.',
    columns: [
      column('id', 'INTEGER', 'Number of the track, counter_id of the samples.'),
      column('name', 'TEXT', 'Quantity as the trace names it.'),
      column('unit', 'TEXT', "Unit of the values: '%', 'MHz', 'bytes'; NULL where not stated."),
      ...RANK,
      column('device', 'INTEGER', 'Number of the GPU; NULL for the host.'),
      column('source', 'TEXT', "Where the file keeps it: 'GPU_METRICS', 'C'."),
      column('samples', 'INTEGER', 'Samples in the trace.'),
      column('min', 'NUMERIC', 'Least value, in unit.'),
      column('mean', 'REAL', 'Mean of the samples, in unit, however far apart they are.'),
      column('max', 'NUMERIC', 'Greatest value, in unit.'),
    ],
  },
  {
    name: 'counter_samples',
    description:
      'Samples of the counters, by track and time. A value holds until the next one. They are no events and are in no other view.',
    columns: [
      column('counter_id', 'INTEGER', 'Row of the track in the view counters.'),
      column('name', 'TEXT', 'Quantity as the trace names it.'),
      column(
        'time_ns',
        'NUMERIC',
        "From the trace's start; may be before or after all events.",
        'ns',
      ),
      column('time_us', 'REAL', "From the trace's start.", 'µs'),
      column('value', 'NUMERIC', "In the track's unit."),
    ],
  },
  {
    name: 'ranks',
    description:
      'Processes of the distributed job, one row a file or rank: those that are loaded, then those that are not.',
    columns: [
      column('id', 'INTEGER', 'rank_id of the other views.'),
      column('rank', 'INTEGER', 'Number of the rank; NULL where the trace does not say.'),
      column('world_size', 'INTEGER', 'Ranks of the job; NULL where the trace does not say.'),
      column('label', 'TEXT', 'The rank as people read it.'),
      column('device', 'TEXT', 'GPU it ran on; NULL where the trace does not say.'),
      column('file', 'TEXT', 'Path of the file it was read from.'),
      column(
        'loaded',
        'INTEGER',
        '1 where its events are in the views, 0 where it is only listed.',
      ),
      column(
        'clock_skew_ns',
        'NUMERIC',
        'How far its clock is ahead of that of the first rank (below 0: behind), from the ends of matching collectives; NULL where that cannot be told.',
        'ns',
      ),
      column('clock_spread_ns', 'NUMERIC', 'Median distance of a collective from the skew.', 'ns'),
      column('clock_matches', 'INTEGER', 'Collectives the skew rests on.'),
      column(
        'clock_shift_ns',
        'NUMERIC',
        'Added to the times of its file: 0 where they are as the file states them.',
        'ns',
      ),
      column('clock_note', 'TEXT', 'The same as a sentence, or why the skew cannot be told.'),
    ],
  },
  {
    name: 'threads',
    description: 'Host threads with events in the trace.',
    columns: [
      column('id', 'INTEGER', 'Number of the lane in the timeline.'),
      ...THREAD,
      column('label', 'TEXT', 'The thread as people read it.'),
      ...RANK,
    ],
  },
  {
    name: 'streams',
    description: 'GPU streams with events in the trace.',
    columns: [
      column('id', 'INTEGER', 'Number of the lane in the timeline.'),
      ...STREAM,
      column('label', 'TEXT', 'The stream as people read it.'),
      ...RANK,
    ],
  },
  {
    name: 'events',
    description:
      "All events in one table, with the columns every format has. Where the trace file has a table events, that table's own columns come first, unchanged.",
    columns: [
      column('id', 'NUMERIC', 'Identity of the event.'),
      column('timestamp', 'INTEGER', 'Absolute start, exact.', 'ns'),
      column(
        'source',
        'TEXT',
        "'cuda' for GPU events, 'host' for others; a number in Ingero files, where texts are compared with its name.",
      ),
      NAME,
      column('duration_us', 'REAL', 'Duration.', 'µs'),
      column('pid', 'NUMERIC', 'Process id.'),
      column('tid', 'NUMERIC', 'Thread id.'),
      column('gpu_id', 'INTEGER', 'Number of the GPU.'),
    ],
  },
];

/** Aggregates and functions beyond SQLite's own. */
export const FUNCTIONS: readonly CatalogueFunction[] = [
  {
    name: 'percentile_cont',
    signature: 'percentile_cont(p) WITHIN GROUP (ORDER BY x)',
    description:
      'Continuous percentile, p from 0 to 1, by linear interpolation at rank p·(n-1). Also written percentile_cont(x, p). NULL is left out.',
  },
  {
    name: 'percentile_disc',
    signature: 'percentile_disc(p) WITHIN GROUP (ORDER BY x)',
    description: 'Smallest value that at least the share p of the values does not exceed.',
  },
  { name: 'median', signature: 'median(x)', description: 'percentile_cont(0.5) of the values.' },
  {
    name: 'percentile',
    signature: 'percentile(x, p)',
    description: 'Continuous percentile, p from 0 to 100.',
  },
];

export function viewNamed(name: string): CatalogueView | undefined {
  const lower = name.toLowerCase();
  return VIEWS.find((view) => view.name === lower);
}
