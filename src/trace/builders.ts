import type {
  GpuColumns,
  HostColumns,
  LaunchColumns,
  RangeColumns,
  TimedColumns,
} from './columns.js';

type NumberArray = Float64Array | Uint32Array | Int32Array | Uint16Array | Int16Array | Uint8Array;
type ArrayType<T extends NumberArray> = new (length: number) => T;

/** A typed array that grows by doubling. */
export class GrowingColumn<T extends NumberArray> {
  private values: T;
  length = 0;

  constructor(
    private readonly type: ArrayType<T>,
    capacity = 1024,
  ) {
    this.values = new type(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new this.type(this.values.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  get(i: number): number {
    return this.values[i];
  }

  set(i: number, value: number): void {
    this.values[i] = value;
  }

  /** A copy of the values, ascending. */
  sorted(): T {
    const out = this.values.slice(0, this.length) as T;
    out.sort();
    return out;
  }

  /** The values in the given order of rows. */
  ordered(order: Uint32Array): T {
    const out = new this.type(order.length);
    for (let i = 0; i < order.length; i++) {
      out[i] = this.values[order[i]];
    }
    return out;
  }
}

/** Rows ordered by start; of equal starts the longer first, so that a parent precedes its children. */
export function orderByStart(
  start: GrowingColumn<Float64Array>,
  duration: GrowingColumn<Float64Array>,
): Uint32Array {
  const order = new Uint32Array(start.length);
  let sorted = true;
  for (let i = 0; i < order.length; i++) {
    order[i] = i;
    if (
      i > 0 &&
      (start.get(i) < start.get(i - 1) ||
        (start.get(i) === start.get(i - 1) && duration.get(i) > duration.get(i - 1)))
    ) {
      sorted = false;
    }
  }
  if (!sorted) {
    order.sort((a, b) => start.get(a) - start.get(b) || duration.get(b) - duration.get(a) || a - b);
  }
  return order;
}

class TimedBuilder {
  readonly start = new GrowingColumn(Float64Array);
  readonly duration = new GrowingColumn(Float64Array);
  readonly name = new GrowingColumn(Uint32Array);
  readonly lane = new GrowingColumn(Uint32Array);

  get count(): number {
    return this.start.length;
  }

  protected pushTimed(start: number, duration: number, name: number, lane: number): number {
    this.start.push(start);
    this.duration.push(duration);
    this.name.push(name);
    this.lane.push(lane);
    return this.start.length - 1;
  }

  protected timed(order: Uint32Array): TimedColumns {
    return {
      count: order.length,
      start: this.start.ordered(order),
      duration: this.duration.ordered(order),
      name: this.name.ordered(order),
      lane: this.lane.ordered(order),
    };
  }

  /** Row numbers in time order; builders keep file order until `build`. */
  order(): Uint32Array {
    return orderByStart(this.start, this.duration);
  }
}

/** What is no number of bytes (negative, infinite) says nothing. */
function byteCount(stated = NaN): number {
  return stated >= 0 && stated < Infinity ? stated : NaN;
}

/** What is no id (infinite) correlates nothing. */
function finiteId(stated = NaN): number {
  return Number.isFinite(stated) ? stated : NaN;
}

/** Collects GPU events in file order, gives them in time order. */
export class GpuBuilder extends TimedBuilder {
  readonly kind = new GrowingColumn(Uint8Array);
  readonly launch = new GrowingColumn(Int32Array);
  readonly correlation = new GrowingColumn(Float64Array);
  readonly bytes = new GrowingColumn(Float64Array);
  readonly shape = new GrowingColumn(Int32Array);
  readonly collective = new GrowingColumn(Uint32Array);
  readonly replayed = new GrowingColumn(Uint8Array);
  readonly stack = new GrowingColumn(Int32Array);

  push(row: {
    start: number;
    duration: number;
    name: number;
    lane: number;
    kind: number;
    correlation?: number;
    bytes?: number;
    shape?: number;
    collective?: number;
    stack?: number;
  }): void {
    this.pushTimed(row.start, row.duration, row.name, row.lane);
    this.kind.push(row.kind);
    this.launch.push(-1);
    this.correlation.push(finiteId(row.correlation));
    this.bytes.push(byteCount(row.bytes));
    this.shape.push(row.shape ?? -1);
    this.collective.push(row.collective ?? 0);
    this.replayed.push(0);
    this.stack.push(row.stack ?? -1);
  }

  build(): GpuColumns {
    const order = this.order();
    return {
      ...this.timed(order),
      kind: this.kind.ordered(order),
      launch: this.launch.ordered(order),
      correlation: this.correlation.ordered(order),
      bytes: this.bytes.ordered(order),
      shape: this.shape.ordered(order),
      collective: this.collective.ordered(order),
      replayed: this.replayed.ordered(order),
      stack: this.stack.ordered(order),
    };
  }
}

/** Collects API calls. */
export class LaunchBuilder extends TimedBuilder {
  readonly correlation = new GrowingColumn(Float64Array);
  readonly stack = new GrowingColumn(Int32Array);

  push(row: {
    start: number;
    duration: number;
    name: number;
    lane: number;
    correlation?: number;
    stack?: number;
  }): void {
    this.pushTimed(row.start, row.duration, row.name, row.lane);
    this.correlation.push(finiteId(row.correlation));
    this.stack.push(row.stack ?? -1);
  }

  /** `range` is filled with -1: `linkRanges` decides it. */
  build(): LaunchColumns {
    const order = this.order();
    return {
      ...this.timed(order),
      correlation: this.correlation.ordered(order),
      stack: this.stack.ordered(order),
      range: new Int32Array(order.length).fill(-1),
    };
  }
}

/** Collects ranges; `parent` is given in file rows (or -1) and renumbered to time order. */
export class RangeBuilder extends TimedBuilder {
  readonly kind = new GrowingColumn(Uint8Array);
  readonly parent = new GrowingColumn(Int32Array);

  push(row: {
    start: number;
    duration: number;
    name: number;
    lane: number;
    kind: number;
    parent?: number;
  }): void {
    this.pushTimed(row.start, row.duration, row.name, row.lane);
    this.kind.push(row.kind);
    this.parent.push(row.parent ?? -1);
  }

  build(): RangeColumns {
    const order = this.order();
    const position = new Int32Array(order.length);
    for (let i = 0; i < order.length; i++) {
      position[order[i]] = i;
    }
    const parent = this.parent.ordered(order);
    for (let i = 0; i < parent.length; i++) {
      parent[i] = parent[i] < 0 ? -1 : position[parent[i]];
    }
    return { ...this.timed(order), kind: this.kind.ordered(order), parent };
  }
}

/** Collects operating-system and profiler events. */
export class HostBuilder extends TimedBuilder {
  readonly kind = new GrowingColumn(Uint8Array);

  push(row: { start: number; duration: number; name: number; lane: number; kind: number }): void {
    this.pushTimed(row.start, row.duration, row.name, row.lane);
    this.kind.push(row.kind);
  }

  build(): HostColumns {
    const order = this.order();
    return { ...this.timed(order), kind: this.kind.ordered(order) };
  }
}
