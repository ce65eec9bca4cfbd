import {
  ANNOTATION,
  MODULE,
  NO_LAYER,
  NO_STEP,
  UNCLASSIFIED,
  recordedInWindow,
  recordedNs,
  timeKindOf,
} from '../trace/index.js';
import type { LayerLabels, TimedColumns, Trace } from '../trace/index.js';
import { BoxRow } from './boxRow.js';
import { laneNames } from './laneNames.js';
import { layerKinds } from './layerKinds.js';
import { API_CALL } from './results.js';
import type { TimelineRow } from './results.js';
import { RowLayout } from './rowLayout.js';
import { runsOf } from './runs.js';

/** What the boxes of a row show, by row of the table behind them. */
export interface BoxFace {
  text(tableRow: number): string;
  /** code in LAYER_TYPES */
  type(tableRow: number): number;
  /** index in the measured columns, -1 = no call; see `TileSet.call` */
  call(tableRow: number): number;
}

/** One row of the timeline with its boxes. */
export interface BuiltRow {
  readonly row: TimelineRow;
  readonly boxes: BoxRow;
  readonly face: BoxFace;
}

/**
 * All rows of a trace's timeline: for every stream its steps, layers, modules and kernels, then for
 * every host thread its annotations and modules, its API calls and its host events. Events that
 * overlap on one lane take further rows; none is left out.
 */
export function timelineRows(trace: Trace, labels: LayerLabels): readonly BuiltRow[] {
  return new RowBuilder(trace, labels).build();
}

class RowBuilder {
  private readonly built: BuiltRow[] = [];
  private readonly groups: readonly string[];
  private readonly gpuIsMeasured: boolean;

  constructor(
    private readonly trace: Trace,
    private readonly labels: LayerLabels,
  ) {
    this.groups = laneNames(trace);
    this.gpuIsMeasured = timeKindOf(trace) === 'gpu';
  }

  build(): readonly BuiltRow[] {
    const { trace } = this;
    const gpu = rowsByLane(trace.gpu, trace.lanes.length);
    const launches = rowsByLane(trace.launches, trace.lanes.length);
    const host = rowsByLane(trace.host, trace.lanes.length);
    const ranges = rowsByLane(trace.ranges, trace.lanes.length, (range) => {
      const kind = trace.ranges.kind[range];
      return kind === ANNOTATION || kind === MODULE;
    });
    const firstLaunched = firstLaunchedCalls(trace);
    for (const lane of this.lanesInOrder((lane) => launches[lane].length > 0)) {
      if (gpu[lane].length > 0) {
        this.addLabelled(lane, trace.gpu, gpu[lane]);
        this.addOverlapping(lane, 'kernel', 'Kernels', trace.gpu, gpu[lane], this.callFace());
      }
      this.addRanges(lane, ranges[lane]);
      if (launches[lane].length > 0) {
        if (this.gpuIsMeasured) {
          const face = this.launchFace(firstLaunched);
          this.addOverlapping(lane, API_CALL, 'API calls', trace.launches, launches[lane], face);
        } else {
          this.addLabelled(lane, trace.launches, launches[lane]);
          const face = this.callFace();
          this.addOverlapping(lane, 'call', 'API calls', trace.launches, launches[lane], face);
        }
      }
      const face = this.nameFace(trace.host);
      this.addOverlapping(lane, 'host', 'Host events', trace.host, host[lane], face);
    }
    return this.built;
  }

  /**
   * Streams first, then the threads that launch their work, then all others, which only surround it;
   * each by rank, streams by device; otherwise as in the file.
   */
  private lanesInOrder(launches: (lane: number) => boolean): readonly number[] {
    const { lanes } = this.trace;
    const place = lanes.map((lane, i) => (lane.kind === 'stream' ? 0 : launches(i) ? 1 : 2));
    return lanes
      .map((_, i) => i)
      .sort(
        (a, b) =>
          place[a] - place[b] ||
          lanes[a].rank - lanes[b].rank ||
          lanes[a].device - lanes[b].device ||
          a - b,
      );
  }

  /** Rows of what the calls of a lane belong to: step, layer, module; those that the labels know of. */
  private addLabelled(lane: number, columns: TimedColumns, calls: Uint32Array): void {
    const { trace, labels } = this;
    this.addRuns(lane, 'step', 'Steps', columns, calls, {
      codeOf: (call) => (labels.step[call] === NO_STEP ? -1 : labels.step[call]),
      text: (step) => labels.steps[step].label,
    });
    const kinds = layerKinds(labels);
    this.addRuns(lane, 'layer', 'Layers', columns, calls, {
      codeOf: (call) => (labels.index[call] === NO_LAYER ? -1 : labels.index[call]),
      same: (call, next) => labels.step[call] === labels.step[next],
      text: (index) => `L${index} ${kinds.get(index) ?? ''}`.trimEnd(),
    });
    this.addRuns(lane, 'module', 'Modules', columns, calls, {
      codeOf: (call) => (labels.module[call] === 0 ? -1 : labels.module[call]),
      same: (call, next) =>
        labels.step[call] === labels.step[next] && labels.index[call] === labels.index[next],
      text: (module) => {
        const path = trace.names.get(module);
        return path.slice(path.lastIndexOf('.') + 1);
      },
    });
  }

  private addRuns(
    lane: number,
    level: string,
    label: string,
    columns: TimedColumns,
    calls: Uint32Array,
    what: {
      codeOf(call: number): number;
      same?(call: number, next: number): boolean;
      text(code: number): string;
    },
  ): void {
    const runs = runsOf(columns, this.labels, calls, what.codeOf, what.same);
    if (runs.start.length === 0) {
      return;
    }
    this.built.push({
      row: { group: this.groups[lane], level, label, busy: null },
      boxes: new BoxRow(runs.start, runs.duration),
      face: {
        text: (run) => what.text(runs.code[run]),
        type: (run) => (level === 'step' ? UNCLASSIFIED : runs.type[run]),
        call: () => -1,
      },
    });
  }

  /** Rows of events, as many as their overlaps need. */
  private addOverlapping(
    lane: number,
    level: string,
    label: string,
    columns: TimedColumns,
    rows: Uint32Array,
    face: BoxFace,
  ): void {
    const layout = new RowLayout();
    const rowOf = new Uint32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const start = columns.start[rows[i]];
      rowOf[i] = layout.place(start, start + columns.duration[rows[i]]);
    }
    this.addLaidOut(columns, rows, rowOf, layout.rows, (i) => ({
      row: {
        group: this.groups[lane],
        level,
        label: i === 0 ? label : `${label}, overlap ${i}`,
      },
      face,
    }));
  }

  /** Rows of annotations and modules: one a depth, more where a clock's jitter makes siblings overlap. */
  private addRanges(lane: number, shown: Uint32Array): void {
    const { ranges } = this.trace;
    const layout = new RowLayout();
    const rowOf = new Uint32Array(shown.length);
    const rowOfRange = new Map<number, number>();
    const levels: string[] = [];
    for (let i = 0; i < shown.length; i++) {
      const range = shown[i];
      let around = ranges.parent[range];
      while (around >= 0 && !rowOfRange.has(around)) {
        around = ranges.parent[around];
      }
      const least = (rowOfRange.get(around) ?? -1) + 1;
      const start = ranges.start[range];
      const row = layout.place(start, start + ranges.duration[range], least);
      rowOf[i] = row;
      rowOfRange.set(range, row);
      const level = ranges.kind[range] === MODULE ? 'module' : 'annotation';
      levels[row] = levels[row] === 'annotation' ? 'annotation' : level;
    }
    const face = this.nameFace(ranges);
    this.addLaidOut(ranges, shown, rowOf, layout.rows, (i) => ({
      row: {
        group: this.groups[lane],
        level: levels[i],
        label: levels[i] === 'module' ? 'Modules' : 'Annotations',
      },
      face,
    }));
  }

  private addLaidOut(
    columns: TimedColumns,
    rows: Uint32Array,
    rowOf: Uint32Array,
    rowCount: number,
    describe: (row: number) => { row: Omit<TimelineRow, 'busy'>; face: BoxFace },
  ): void {
    const size = new Uint32Array(rowCount);
    for (const row of rowOf) {
      size[row]++;
    }
    const parts = Array.from(size, (n) => new Uint32Array(n));
    size.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const row = rowOf[i];
      parts[row][size[row]++] = rows[i];
    }
    parts.forEach((part, i) => {
      const boxes = new BoxRow(columns.start, columns.duration, part);
      const span = part.length === 0 ? 0 : this.recordedOfLane(columns.lane[part[0]]);
      const { row, face } = describe(i);
      const busy = span > 0 ? Math.min(1, boxes.busyNs() / span) : null;
      this.built.push({ row: { ...row, busy }, boxes, face });
    });
  }

  /** ns in which what a lane shows was recorded */
  private recordedOfLane(lane: number): number {
    const { lanes, ranks, spanNs } = this.trace;
    const { recorded } = ranks[lanes[lane].rank];
    return recorded === undefined
      ? recordedNs(this.trace)
      : recordedInWindow({ recorded }, { startNs: 0, endNs: spanNs });
  }

  /** Measured calls: their own number and layer type. */
  private callFace(): BoxFace {
    const { labels } = this;
    const columns = this.gpuIsMeasured ? this.trace.gpu : this.trace.launches;
    return {
      text: (call) => this.trace.names.get(columns.name[call]),
      type: (call) => labels.type[call],
      call: (call) => call,
    };
  }

  /** API calls beside the GPU calls they launch: only a name, and the way to the first of those. */
  private launchFace(firstLaunched: Int32Array): BoxFace {
    return {
      ...this.nameFace(this.trace.launches),
      call: (launch) => firstLaunched[launch],
    };
  }

  /** Events that are not measured: only a name. */
  private nameFace(columns: TimedColumns): BoxFace {
    return {
      text: (row) => this.trace.names.get(columns.name[row]),
      type: () => UNCLASSIFIED,
      call: () => -1,
    };
  }
}

/** By launch, the earliest GPU call it launched; -1 where the trace has none. */
function firstLaunchedCalls({ gpu, launches }: Trace): Int32Array {
  const first = new Int32Array(launches.count).fill(-1);
  // GPU calls are in time order: from the last to the first, the earliest is written last.
  for (let call = gpu.count - 1; call >= 0; call--) {
    const launch = gpu.launch[call];
    if (launch >= 0) {
      first[launch] = call;
    }
  }
  return first;
}

/** Rows of a table by lane, each in the table's order. */
function rowsByLane(
  columns: TimedColumns,
  laneCount: number,
  shown: (row: number) => boolean = () => true,
): readonly Uint32Array[] {
  const size = new Uint32Array(laneCount);
  for (let row = 0; row < columns.count; row++) {
    if (shown(row)) {
      size[columns.lane[row]]++;
    }
  }
  const lanes = Array.from(size, (n) => new Uint32Array(n));
  size.fill(0);
  for (let row = 0; row < columns.count; row++) {
    if (shown(row)) {
      const lane = columns.lane[row];
      lanes[lane][size[lane]++] = row;
    }
  }
  return lanes;
}
