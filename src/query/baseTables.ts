import {
  GPU_KINDS,
  HOST_KINDS,
  LAYER_TYPES,
  METHODS,
  RANGE_KINDS,
  type Frame,
  type Lane,
  type TimedColumns,
} from '../trace/index.js';
import { counterFigures } from '../analysis/counterFigures.js';
import { fileName } from '../formats/ranks/fileNames.js';
import type { SqlValue } from '../sqlite/engine.js';
import type { QueryTables } from './tables.js';

/** A table the views are made of; its rows are only inserted once a statement needs them. */
export interface BaseTable {
  readonly name: string;
  /** column definitions as SQL writes them */
  readonly columns: readonly string[];
  count(tables: QueryTables): number;
  /** Gives a getter by row; called once, so that it may prepare. */
  rows(tables: QueryTables): (i: number) => readonly SqlValue[];
}

const TIMED = [
  'id INTEGER PRIMARY KEY',
  'start NUMERIC',
  'duration NUMERIC',
  'name INTEGER',
  'lane INTEGER',
];
const LABELLED = [
  'type INTEGER',
  'layer_index INTEGER',
  'module INTEGER',
  'method INTEGER',
  'step INTEGER',
];

/** Number of a row elsewhere, NULL where the column says there is none. */
function link(value: number): SqlValue {
  return value < 0 ? null : value;
}

function measured(value: number): SqlValue {
  return Number.isNaN(value) ? null : value;
}

function timed(columns: TimedColumns, i: number): SqlValue[] {
  return [i, columns.start[i], columns.duration[i], columns.name[i], columns.lane[i]];
}

type Labels = Pick<QueryTables['labels'], 'type' | 'index' | 'module' | 'method' | 'step'>;

function labelled(labels: Labels, i: number): SqlValue[] {
  return [
    labels.type[i],
    link(labels.index[i]),
    labels.module[i] === 0 ? null : labels.module[i],
    labels.method[i],
    link(labels.step[i]),
  ];
}

/** "forward (modeling_jamba.py:57)"; folders are nobody's business who gets a result. */
function frameText({ file, line, function: name }: Frame): string {
  const place = fileName(file);
  const at = place === '' ? '' : ` (${place}${line > 0 ? `:${line}` : ''})`;
  return `${name || 'unknown'}${at}`;
}

/** An id as the number it is, or NULL for ''. Affinity makes numbers of digits. */
function id(text: string): SqlValue {
  return text === '' ? null : text;
}

/**
 * The base tables by name. All are temporary: the database they join holds the trace's own tables,
 * which stay as they are.
 */
export const BASE_TABLES = {
  names: {
    name: 'layerscope_names',
    columns: ['id INTEGER PRIMARY KEY', 'text TEXT'],
    count: (t) => t.names.length,
    rows: (t) => (i) => [i, t.names[i]],
  },
  layerTypes: {
    name: 'layerscope_layer_types',
    columns: ['id INTEGER PRIMARY KEY', 'key TEXT', 'label TEXT'],
    count: () => LAYER_TYPES.length,
    rows: () => (i) => [i, LAYER_TYPES[i].key, LAYER_TYPES[i].label],
  },
  methods: {
    name: 'layerscope_methods',
    columns: ['id INTEGER PRIMARY KEY', 'key TEXT'],
    count: () => METHODS.length,
    rows: () => (i) => [i, METHODS[i]],
  },
  ranks: {
    name: 'layerscope_ranks',
    columns: [
      'id INTEGER PRIMARY KEY',
      'rank INTEGER',
      'world_size INTEGER',
      'label TEXT',
      'device TEXT',
      'file TEXT',
      'loaded INTEGER',
      'clock_skew_ns NUMERIC',
      'clock_spread_ns NUMERIC',
      'clock_matches INTEGER',
      'clock_shift_ns NUMERIC',
      'clock_note TEXT',
    ],
    count: (t) => t.ranks.length + t.unread.length,
    rows: (t) => (i) => {
      if (i >= t.ranks.length) {
        const { rank, worldSize, label, device, path } = t.unread[i - t.ranks.length];
        return [
          ...[i, link(rank), worldSize > 0 ? worldSize : null, label, id(device), path, 0],
          ...[null, null, null, null, null],
        ];
      }
      const { rank, worldSize, label, device, path, clock } = t.ranks[i];
      return [
        ...[i, link(rank), worldSize > 0 ? worldSize : null, label, id(device), path, 1],
        ...[clock?.skewNs ?? null, clock?.spreadNs ?? null, clock?.matches ?? null],
        ...[clock?.shiftNs ?? 0, clock?.note ?? null],
      ];
    },
  },
  lanes: {
    name: 'layerscope_lanes',
    columns: [
      'id INTEGER PRIMARY KEY',
      'kind TEXT',
      'device INTEGER',
      'lane NUMERIC',
      'process NUMERIC',
      'label TEXT',
      'rank INTEGER',
      'rank_id INTEGER',
    ],
    count: (t) => t.lanes.length,
    rows: (t) => (i) => {
      const lane: Lane = t.lanes[i];
      const rank = t.ranks[lane.rank].rank;
      return [
        i,
        lane.kind,
        link(lane.device),
        id(lane.id),
        id(lane.process),
        lane.label,
        link(rank),
        lane.rank,
      ];
    },
  },
  steps: {
    name: 'layerscope_steps',
    columns: [
      'id INTEGER PRIMARY KEY',
      'number INTEGER',
      'label TEXT',
      'phase TEXT',
      'start NUMERIC',
      'duration NUMERIC',
      'rank INTEGER',
      'rank_id INTEGER',
    ],
    count: (t) => t.labels.steps.length,
    rows: (t) => (i) => {
      const step = t.labels.steps[i];
      const rank = t.ranks[step.rank].rank;
      return [
        i,
        step.number,
        step.label,
        step.phase,
        step.start,
        step.duration,
        link(rank),
        step.rank,
      ];
    },
  },
  gpu: {
    name: 'layerscope_gpu',
    columns: [
      ...TIMED,
      'kind TEXT',
      'correlation NUMERIC',
      'bytes NUMERIC',
      'collective INTEGER',
      'communicates INTEGER',
      'replayed INTEGER',
      'launch INTEGER',
      'queue NUMERIC',
      'grid_x INTEGER',
      'grid_y INTEGER',
      'grid_z INTEGER',
      'block_x INTEGER',
      'block_y INTEGER',
      'block_z INTEGER',
      ...LABELLED,
    ],
    count: (t) => t.gpu.count,
    rows: gpuRows,
  },
  launches: {
    name: 'layerscope_launches',
    columns: [
      ...TIMED,
      'correlation NUMERIC',
      'range INTEGER',
      'stack INTEGER',
      'gpu_events INTEGER',
      'gpu_ns NUMERIC',
      ...LABELLED,
    ],
    count: (t) => t.launches.count,
    rows: launchRows,
  },
  ranges: {
    name: 'layerscope_ranges',
    columns: [...TIMED, 'kind TEXT', 'parent INTEGER'],
    count: (t) => t.ranges.count,
    rows:
      ({ ranges }) =>
      (i) => [...timed(ranges, i), RANGE_KINDS[ranges.kind[i]], link(ranges.parent[i])],
  },
  host: {
    name: 'layerscope_host',
    columns: [...TIMED, 'kind TEXT', 'stack INTEGER'],
    count: (t) => t.host.count,
    rows:
      ({ host }) =>
      (i) => [
        ...timed(host, i),
        HOST_KINDS[host.kind[i]],
        host.stack === undefined ? null : link(host.stack[i]),
      ],
  },
  stacks: {
    name: 'layerscope_stacks',
    columns: ['id INTEGER PRIMARY KEY', 'text TEXT'],
    count: (t) => t.stacks.stacks.length,
    rows: ({ stacks: { frames, stacks } }) => {
      const texts = frames.map(frameText);
      return (i) => [i, Array.from(stacks[i], (frame) => texts[frame]).join(' < ')];
    },
  },
  counters: {
    name: 'layerscope_counters',
    columns: [
      'id INTEGER PRIMARY KEY',
      'name TEXT',
      'unit TEXT',
      'rank INTEGER',
      'rank_id INTEGER',
      'device INTEGER',
      'source TEXT',
      'samples INTEGER',
      'least NUMERIC',
      'mean REAL',
      'most NUMERIC',
    ],
    count: (t) => t.counters.length,
    rows: (t) => (i) => {
      const { name, unit, rank, device, source, samples, min, mean, max } = counterFigures(
        t.counters[i],
      );
      return [
        i,
        name,
        unit === '' ? null : unit,
        link(t.ranks[rank].rank),
        rank,
        link(device),
        source,
        samples,
        min,
        mean,
        max,
      ];
    },
  },
  samples: {
    name: 'layerscope_samples',
    columns: ['counter INTEGER', 'time NUMERIC', 'value NUMERIC'],
    count: (t) => t.counters.reduce((sum, { time }) => sum + time.length, 0),
    rows: sampleRows,
  },
  stalls: {
    name: 'layerscope_stalls',
    columns: [
      'id INTEGER PRIMARY KEY',
      'call INTEGER',
      'typical NUMERIC',
      'lost NUMERIC',
      'has_source INTEGER',
    ],
    count: (t) => t.stalls.call.length,
    rows: (t) => {
      const { call, typical_ns, lost_ns, has_source } = t.stalls;
      return (i) => [i, call[i], typical_ns[i], lost_ns[i], has_source[i]];
    },
  },
} as const satisfies Record<string, BaseTable>;

export type BaseTableId = keyof typeof BASE_TABLES;

/**
 * Kernels that exchange data between ranks, by name: NCCL and RCCL device kernels, all-to-all under
 * its usual names, DeepEP, and the one-shot and multimem all-reduces that carry no NCCL name.
 */
const COMMUNICATION =
  /nccl(Dev)?Kernel|rccl|all_?to_?all|all_?reduce|all_?gather|reduce_?scatter|deep_?ep|quick_?reduce/i;

function gpuRows(t: QueryTables): (i: number) => SqlValue[] {
  const { gpu, launches, labels, kernelShapes } = t;
  // Where API calls are what is measured the labels are theirs, and there are no GPU rows.
  const communicates = t.names.map((name) => (COMMUNICATION.test(name) ? 1 : 0));
  return (i) => {
    const launch = gpu.launch[i];
    const queue =
      launch < 0 ? null : gpu.start[i] - (launches.start[launch] + launches.duration[launch]);
    const shape = gpu.shape[i] < 0 ? undefined : kernelShapes[gpu.shape[i]];
    const geometry: SqlValue[] =
      shape === undefined ? [null, null, null, null, null, null] : [...shape.grid, ...shape.block];
    return [
      ...timed(gpu, i),
      GPU_KINDS[gpu.kind[i]],
      measured(gpu.correlation[i]),
      measured(gpu.bytes[i]),
      gpu.collective[i] === 0 ? null : gpu.collective[i],
      gpu.collective[i] !== 0 ||
      (GPU_KINDS[gpu.kind[i]] === 'kernel' && communicates[gpu.name[i]] === 1)
        ? 1
        : 0,
      gpu.replayed[i],
      link(launch),
      queue,
      ...geometry,
      ...labelled(labels, i),
    ];
  };
}

/**
 * Labels of the API calls: their own where they are what is measured, else those that all GPU events
 * launched by the call agree on. A graph launch stands for kernels of many layers and gets none.
 */
function launchRows(t: QueryTables): (i: number) => SqlValue[] {
  const { launches, gpu, labels } = t;
  const events = new Uint32Array(launches.count);
  const total = new Float64Array(launches.count);
  const own = t.timeKind === 'host_api';
  const agreed = new Agreement(launches.count);
  for (let i = 0; i < gpu.count; i++) {
    const launch = gpu.launch[i];
    if (launch >= 0) {
      agreed.add(launch, labels, i, events[launch] === 0);
      events[launch]++;
      total[launch] += gpu.duration[i];
    }
  }
  return (i) => [
    ...timed(launches, i),
    measured(launches.correlation?.[i] ?? NaN),
    link(launches.range[i]),
    link(launches.stack[i]),
    events[i],
    total[i],
    ...(own ? labelled(labels, i) : agreed.row(i, events[i])),
  ];
}

/** The samples of all tracks, one track after the other. */
function sampleRows({ counters }: QueryTables): (i: number) => SqlValue[] {
  let track = 0;
  let first = 0;
  return (i) => {
    // Rows are asked for in order; from the start again otherwise.
    if (i < first) {
      [track, first] = [0, 0];
    }
    while (i - first >= counters[track].time.length) {
      first += counters[track].time.length;
      track++;
    }
    const { time, value } = counters[track];
    return [track, time[i - first], value[i - first]];
  };
}

const DIFFERENT = -2;

class Agreement {
  private readonly columns: readonly Int32Array[];

  constructor(count: number) {
    this.columns = LABELLED.map(() => new Int32Array(count));
  }

  add(launch: number, labels: Labels, event: number, first: boolean): void {
    const values = [
      labels.type[event],
      labels.index[event],
      labels.module[event],
      labels.method[event],
      labels.step[event],
    ];
    values.forEach((value, column) => {
      const known = this.columns[column];
      if (first) {
        known[launch] = value;
      } else if (known[launch] !== value) {
        known[launch] = DIFFERENT;
      }
    });
  }

  row(launch: number, events: number): SqlValue[] {
    if (events === 0) {
      return this.columns.map(() => null);
    }
    const [type, index, module, method, step] = this.columns.map((values) => values[launch]);
    return [
      link(type),
      link(index),
      module <= 0 ? null : module,
      // Evidence for different answers is evidence for none of them.
      type === DIFFERENT ? null : link(method),
      link(step),
    ];
  }
}
