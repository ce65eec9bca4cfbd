import {
  FRAME,
  GrowingColumn,
  MODULE,
  orderByStart,
  type LaunchColumns,
  type RangeColumns,
} from '../../trace/index.js';

/** Ranges in file order, before they are nested. Times in ns. */
export class RawRanges {
  readonly start = new GrowingColumn(Float64Array);
  readonly duration = new GrowingColumn(Float64Array);
  readonly name = new GrowingColumn(Uint32Array);
  readonly lane = new GrowingColumn(Uint32Array);
  readonly kind = new GrowingColumn(Uint8Array);
  /** `Python id` of Python rows, NaN of all others */
  readonly pythonId = new GrowingColumn(Float64Array);
  /** `Python parent id`, NaN at the root */
  readonly pythonParent = new GrowingColumn(Float64Array);

  get count(): number {
    return this.start.length;
  }

  push(row: {
    start: number;
    duration: number;
    name: number;
    lane: number;
    kind: number;
    pythonId?: number;
    pythonParent?: number;
  }): void {
    this.start.push(row.start);
    this.duration.push(row.duration);
    this.name.push(row.name);
    this.lane.push(row.lane);
    this.kind.push(row.kind);
    this.pythonId.push(row.pythonId ?? NaN);
    this.pythonParent.push(row.pythonParent ?? NaN);
  }
}

export interface NestedRanges {
  readonly columns: RangeColumns;
  /** file row of each range */
  readonly fileRow: Uint32Array;
  /** Python rows whose end lay behind the end of the row that called them, and was cut back */
  readonly unclosed: number;
}

/**
 * Nests the ranges of each thread and finds the innermost range around each launch
 * (`launches.range` is written).
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
  launches: LaunchColumns,
  resolutionNs: number,
): NestedRanges {
  const count = raw.count;
  const parentRow = pythonParents(raw);
  const { end, unclosed: cut } = endsWithinCallers(raw, parentRow, resolutionNs);
  const clipped = new GrowingColumn(Float64Array, Math.max(count, 1));
  for (let row = 0; row < count; row++) {
    clipped.push(end[row] - raw.start.get(row));
  }
  const order = orderByStart(raw.start, clipped);
  const position = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    position[order[i]] = i;
  }
  const nextCall = nextCallsOfSameCaller(raw, parentRow, order, cut);

  const start = raw.start.ordered(order);
  const lane = raw.lane.ordered(order);
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

  let launch = 0;
  const linkLaunchesBefore = (time: number): void => {
    for (; launch < launches.count && launches.start[launch] < time; launch++) {
      const stack = openAt(launches.lane[launch], launches.start[launch]);
      launches.range[launch] = stack.length > 0 ? stack[stack.length - 1] : -1;
    }
  };

  for (let i = 0; i < count; i++) {
    const row = order[i];
    linkLaunchesBefore(start[i]);
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
  linkLaunchesBefore(Infinity);

  return {
    columns: {
      count,
      start,
      duration,
      name: raw.name.ordered(order),
      lane,
      kind: raw.kind.ordered(order),
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
  const rowOfId = new Map<number, number>();
  for (let row = 0; row < raw.count; row++) {
    const id = raw.pythonId.get(row);
    if (!Number.isNaN(id)) {
      rowOfId.set(id, row);
    }
  }
  const parentRow = new Int32Array(raw.count).fill(-1);
  for (let row = 0; row < raw.count; row++) {
    const id = raw.pythonParent.get(row);
    if (Number.isNaN(id)) {
      continue;
    }
    const parent = rowOfId.get(id);
    if (
      parent !== undefined &&
      parent !== row &&
      raw.lane.get(parent) === raw.lane.get(row) &&
      raw.start.get(parent) <= raw.start.get(row) &&
      // A row that begins after its caller has ended names the wrong caller.
      raw.start.get(row) <= raw.start.get(parent) + raw.duration.get(parent)
    ) {
      parentRow[row] = parent;
    }
  }
  return parentRow;
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
      const own = raw.start.get(next) + raw.duration.get(next);
      let parent = parentRow[next];
      while (parent >= 0 && end[parent] <= raw.start.get(next) && own > end[parent]) {
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
  const later = new Map<number, number>();
  for (let i = order.length - 1; i >= 0; i--) {
    const row = order[i];
    const kind = raw.kind.get(row);
    if (parentRow[row] < 0 || (kind !== FRAME && kind !== MODULE)) {
      continue;
    }
    if (unclosed[row] === 1) {
      next[row] = later.get(parentRow[row]) ?? Infinity;
    }
    later.set(parentRow[row], raw.start.get(row));
  }
  return next;
}
