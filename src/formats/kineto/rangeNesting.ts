import { FRAME, MODULE, type RangeColumns } from '../../trace/index.js';
import { timeOrder } from '../timeOrder.js';

/**
 * Ranges in file order, before they are nested. Times in ns. The columns are longer than `count`;
 * they are plain typed arrays because a trace with Python stacks pushes millions of rows here.
 */
export class RawRanges {
  count = 0;
  start = new Float64Array(1024);
  duration = new Float64Array(1024);
  name = new Uint32Array(1024);
  lane = new Uint32Array(1024);
  kind = new Uint8Array(1024);
  /** `Python id` of Python rows, NaN of all others */
  pythonId = new Float64Array(1024);
  /** `Python parent id`, NaN at the root */
  pythonParent = new Float64Array(1024);
  /** what the caller wants to find again by `NestedRanges.fileRow`: index of a stack, -1 = none */
  stack = new Int32Array(1024);

  push(
    start: number,
    duration: number,
    name: number,
    lane: number,
    kind: number,
    pythonId = NaN,
    pythonParent = NaN,
    stack = -1,
  ): void {
    if (this.count === this.start.length) {
      this.grow();
    }
    const i = this.count++;
    this.start[i] = start;
    this.duration[i] = duration;
    this.name[i] = name;
    this.lane[i] = lane;
    this.kind[i] = kind;
    this.pythonId[i] = pythonId;
    this.pythonParent[i] = pythonParent;
    this.stack[i] = stack;
  }

  private grow(): void {
    this.start = doubled(this.start, Float64Array);
    this.duration = doubled(this.duration, Float64Array);
    this.name = doubled(this.name, Uint32Array);
    this.lane = doubled(this.lane, Uint32Array);
    this.kind = doubled(this.kind, Uint8Array);
    this.pythonId = doubled(this.pythonId, Float64Array);
    this.pythonParent = doubled(this.pythonParent, Float64Array);
    this.stack = doubled(this.stack, Int32Array);
  }
}

/** Calls on host threads, in time order, that want to know the innermost range around them. */
export interface CallsAmongRanges {
  readonly count: number;
  /** ns */
  readonly start: Float64Array;
  /** index in the lanes that the ranges have */
  readonly lane: Uint32Array;
  /** index of the innermost range around each, -1 = none: to be written */
  readonly range: Int32Array;
}

export interface NestedRanges {
  readonly columns: RangeColumns;
  /** file row of each range */
  readonly fileRow: Uint32Array;
  /** Python rows whose end lay behind the end of the row that called them, and was cut back */
  readonly unclosed: number;
}

/**
 * Nests the ranges of each thread and finds the innermost range around each call (its `range` is
 * written).
 *
 * Times alone do not nest them. Some Python rows, mostly `<built-in method ...>` of C++ functions, are
 * never closed by the profiler and last to the end of the trace (seen: 414 of 154,568 rows of
 * nemotron_h_ep2.rank0, 777 of 316,610 of nemotron_h): taken by time they would enclose every later
 * layer. No row outlives its caller, so the end of a Python row is cut back to the end of its
 * `Python parent id`, from the root down. A row that was cut is also over when the next call of the
 * same caller begins, or when the operator ends inside which it began.
 *
 * Annotations do overlap in part and rightly so: they are opened inside a Python frame
 * (`__enter__`) that returns before they end. Such a frame does not become their parent; the first
 * range that holds all of them does.
 *
 * The ranges open on a thread are kept in order of their end, the soonest on top: that is the
 * innermost one at any time, and ended ones are always on top.
 *
 * @param resolutionNs of the file's times (1, or 1000 where it has whole µs): a range that ends this
 * much after the one it began in is still inside it
 */
export function nestRanges(
  raw: RawRanges,
  calls: readonly CallsAmongRanges[],
  resolutionNs: number,
): NestedRanges {
  const count = raw.count;
  const parentRow = pythonParents(raw);
  const { end, unclosed: cut } = endsWithinCallers(raw, parentRow, resolutionNs);
  const clipped = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    clipped[row] = end[row] - raw.start[row];
  }
  const order = timeOrder(raw.start, clipped, count);
  const position = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    position[order[i]] = i;
  }
  const nextCall = nextCallsOfSameCaller(raw, parentRow, order, cut);

  const start = ordered(raw.start, order, Float64Array);
  const lane = ordered(raw.lane, order, Uint32Array);
  const duration = new Float64Array(count);
  const parent = new Int32Array(count).fill(-1);
  // Ends as the sweep sees them, by position.
  const ends = new Float64Array(count);
  const open = new Map<number, number[]>();
  let unclosed = 0;

  const openAt = (ofLane: number, time: number): number[] => {
    let stack = open.get(ofLane);
    if (stack === undefined) {
      stack = [];
      open.set(ofLane, stack);
    }
    while (stack.length > 0 && ends[stack[stack.length - 1]] <= time) {
      stack.pop();
    }
    return stack;
  };

  /** The nearest caller of the range at `i` that has not ended when it begins, -1 = none. */
  const openCaller = (i: number): number => {
    let row = parentRow[order[i]];
    while (row >= 0 && (position[row] >= i || ends[position[row]] <= start[i])) {
      row = parentRow[row];
    }
    return row < 0 ? -1 : position[row];
  };

  const next = calls.map(() => 0);
  /** Tables in turn, each call in time order: a range that has ended is gone for all that follow. */
  const linkCallsBefore = (time: number): void => {
    for (;;) {
      let earliest = -1;
      let start = time;
      for (let t = 0; t < calls.length; t++) {
        if (next[t] < calls[t].count && calls[t].start[next[t]] < start) {
          start = calls[t].start[next[t]];
          earliest = t;
        }
      }
      if (earliest < 0) {
        return;
      }
      const { lane: laneOf, range } = calls[earliest];
      const call = next[earliest]++;
      const stack = openAt(laneOf[call], start);
      range[call] = stack.length > 0 ? stack[stack.length - 1] : -1;
    }
  };

  for (let i = 0; i < count; i++) {
    const row = order[i];
    linkCallsBefore(start[i]);
    const stack = openAt(lane[i], start[i]);
    const caller = openCaller(i);
    // The caller may have been cut back further by now.
    let rangeEnd = caller < 0 ? end[row] : Math.min(end[row], ends[caller]);
    if (cut[row] === 1) {
      unclosed++;
      rangeEnd = Math.min(rangeEnd, nextCall[row]);
      if (stack.length > 0) {
        rangeEnd = Math.min(rangeEnd, ends[stack[stack.length - 1]]);
      }
    }
    let k = stack.length;
    while (k > 0 && ends[stack[k - 1]] + resolutionNs < rangeEnd) {
      k--;
    }
    const around = k > 0 ? stack[k - 1] : -1;
    parent[i] = caller >= 0 && !isWithin(around, caller, parent) ? caller : around;
    duration[i] = Math.max(0, rangeEnd - start[i]);
    // Within the resolution it may end after its parent; on the stack it must not.
    ends[i] = around >= 0 ? Math.min(rangeEnd, ends[around]) : rangeEnd;
    if (k === stack.length) {
      stack.push(i);
    } else {
      stack.splice(k, 0, i);
    }
  }
  linkCallsBefore(Infinity);

  return {
    columns: {
      count,
      start,
      duration,
      name: ordered(raw.name, order, Uint32Array),
      lane,
      kind: ordered(raw.kind, order, Uint8Array),
      parent,
    },
    fileRow: order,
    unclosed,
  };
}

/** Whether `range` is `ancestor` or lies inside it. */
function isWithin(range: number, ancestor: number, parent: Int32Array): boolean {
  // Parents precede their children, so the walk can stop as soon as it is before the ancestor.
  while (range > ancestor) {
    range = parent[range];
  }
  return range === ancestor;
}

/** File row of the caller of each Python row by `Python parent id`, -1 = none on this thread. */
function pythonParents(raw: RawRanges): Int32Array {
  const rowOf = rowsByPythonId(raw);
  const parentRow = new Int32Array(raw.count).fill(-1);
  for (let row = 0; row < raw.count; row++) {
    const id = raw.pythonParent[row];
    if (Number.isNaN(id)) {
      continue;
    }
    const parent = rowOf(raw.lane[row], id);
    if (
      parent >= 0 &&
      parent !== row &&
      raw.lane[parent] === raw.lane[row] &&
      raw.start[parent] <= raw.start[row] &&
      // A row that begins after its caller has ended names the wrong caller.
      raw.start[row] <= raw.start[parent] + raw.duration[parent]
    ) {
      parentRow[row] = parent;
    }
  }
  return parentRow;
}

/**
 * Looks up file rows by lane and `Python id`; -1 for an id without a row. Each process counts its ids
 * from 1: in a file of several the lane tells them apart.
 */
function rowsByPythonId(raw: RawRanges): (lane: number, id: number) => number {
  let first = Infinity;
  let last = -Infinity;
  for (let row = 0; row < raw.count; row++) {
    const id = raw.pythonId[row];
    if (!Number.isNaN(id)) {
      first = Math.min(first, id);
      last = Math.max(last, id);
    }
  }
  if (first > last) {
    return () => -1; // a trace without Python rows
  }
  // Ids are consecutive in all files seen: an array then does what a Map would, many times faster.
  if (last - first < 4 * raw.count) {
    const rows = new Int32Array(last - first + 1).fill(-1);
    let once = true;
    for (let row = 0; row < raw.count; row++) {
      const id = raw.pythonId[row];
      if (!Number.isNaN(id)) {
        once &&= rows[id - first] < 0 || raw.lane[rows[id - first]] === raw.lane[row];
        rows[id - first] = row;
      }
    }
    if (once) {
      return (_lane, id) => (id >= first && id <= last ? rows[id - first] : -1);
    }
  }
  const ofLane = new Map<number, Map<number, number>>();
  for (let row = 0; row < raw.count; row++) {
    const id = raw.pythonId[row];
    if (!Number.isNaN(id)) {
      const rows = ofLane.get(raw.lane[row]) ?? new Map<number, number>();
      rows.set(id, row);
      ofLane.set(raw.lane[row], rows);
    }
  }
  return (lane, id) => ofLane.get(lane)?.get(id) ?? -1;
}

/**
 * The end of each row, no later than that of its caller, its caller's caller and so on.
 * `unclosed` is 1 for rows that lost more than the clock's resolution.
 */
function endsWithinCallers(
  raw: RawRanges,
  parentRow: Int32Array,
  resolutionNs: number,
): { end: Float64Array; unclosed: Uint8Array } {
  const end = new Float64Array(raw.count);
  const unclosed = new Uint8Array(raw.count);
  const OPEN = 1;
  const DONE = 2;
  const state = new Uint8Array(raw.count);
  const path: number[] = [];
  for (let first = 0; first < raw.count; first++) {
    let row = first;
    while (row >= 0 && state[row] === 0) {
      state[row] = OPEN;
      path.push(row);
      row = parentRow[row];
    }
    if (row >= 0 && state[row] === OPEN) {
      // Rows that call each other in a circle: hostile or damaged; the circle is opened here.
      parentRow[path[path.length - 1]] = -1;
    }
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      const own = raw.start[next] + raw.duration[next];
      let parent = parentRow[next];
      while (parent >= 0 && end[parent] <= raw.start[next] && own > end[parent]) {
        // Its caller was cut back to before it: the caller that was still open takes its place.
        parent = parentRow[parent];
      }
      parentRow[next] = parent;
      end[next] = own;
      if (parent >= 0 && own > end[parent]) {
        end[next] = end[parent];
        unclosed[next] = own - end[parent] > resolutionNs ? 1 : 0;
      }
      state[next] = DONE;
    }
  }
  return { end, unclosed };
}

/**
 * For rows that were cut: when the next Python row with the same caller begins; Infinity where there
 * is none.
 */
function nextCallsOfSameCaller(
  raw: RawRanges,
  parentRow: Int32Array,
  order: Uint32Array,
  unclosed: Uint8Array,
): Float64Array {
  const next = new Float64Array(raw.count).fill(Infinity);
  /** start of the earliest call of each caller among the rows already gone through */
  const later = new Float64Array(raw.count).fill(Infinity);
  for (let i = order.length - 1; i >= 0; i--) {
    const row = order[i];
    const caller = parentRow[row];
    if (caller < 0 || (raw.kind[row] !== FRAME && raw.kind[row] !== MODULE)) {
      continue;
    }
    if (unclosed[row] === 1) {
      next[row] = later[caller];
    }
    later[caller] = raw.start[row];
  }
  return next;
}

function ordered<T extends Float64Array | Uint32Array | Uint8Array>(
  values: T,
  order: Uint32Array,
  type: new (length: number) => T,
): T {
  const out = new type(order.length);
  for (let i = 0; i < order.length; i++) {
    out[i] = values[order[i]];
  }
  return out;
}

function doubled<T extends Float64Array | Uint32Array | Int32Array | Uint8Array>(
  values: T,
  type: new (length: number) => T,
): T {
  const grown = new type(values.length * 2);
  grown.set(values);
  return grown;
}
