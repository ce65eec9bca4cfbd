import {
  NO_STACK,
  type GpuColumns,
  type HostColumns,
  type LaunchColumns,
  type RangeColumns,
  type TimedColumns,
} from './columns.js';
import { inOrder, orderByStart } from './timeOrder.js';

type NumberArray =
  Float64Array | Uint32Array | Int32Array | Uint16Array | Int16Array | Uint8Array | Int8Array;
type ArrayType<T extends NumberArray> = {
  new (length: number): T;
  new (buffer: SharedArrayBuffer): T;
  readonly BYTES_PER_ELEMENT: number;
};

/**
 * A column of zeros that threads share where the host lets them: posting it to another worker then
 * copies nothing.
 */
export function sharedColumn<T extends NumberArray>(type: ArrayType<T>, count: number): T {
  return typeof SharedArrayBuffer === 'undefined'
    ? new type(count)
    : new type(new SharedArrayBuffer(count * type.BYTES_PER_ELEMENT));
}

/**
 * Rows of a piece. A piece of 32 MiB and more is given back to the system as soon as it is freed; smaller
 * ones the C library keeps. What is not written of a piece takes no memory.
 */
const CHUNK_BITS = 23;
const CHUNK_ROWS = 1 << CHUNK_BITS;
/** Rows up to which a column grows by doubling. */
const SMALL_ROWS = 1 << 17;
const CHUNK_MASK = CHUNK_ROWS - 1;

/** How rows leave a builder. */
interface Leaving {
  /** row numbers in the new order; undefined where the rows are in it already */
  readonly order: Uint32Array | undefined;
  /** true where the builder is not read again: its memory goes as the columns are made */
  readonly free: boolean;
}

/** A typed array that grows: by doubling at first, then by pieces, so that no growth copies gigabytes. */
export class GrowingColumn<T extends NumberArray> {
  private readonly chunks: T[];
  private last: T;
  private inLast = 0;
  length = 0;

  constructor(
    private readonly type: ArrayType<T>,
    capacity = 1024,
  ) {
    this.last = new type(Math.min(capacity, SMALL_ROWS));
    this.chunks = [this.last];
  }

  push(value: number): void {
    if (this.inLast === this.last.length) {
      this.grow();
    }
    this.last[this.inLast++] = value;
    this.length++;
  }

  get(i: number): number {
    return this.chunks[i >>> CHUNK_BITS][i & CHUNK_MASK];
  }

  set(i: number, value: number): void {
    this.chunks[i >>> CHUNK_BITS][i & CHUNK_MASK] = value;
  }

  /** A copy of the values, ascending. */
  sorted(): T {
    const out = new this.type(this.length);
    this.copyTo(out, false);
    out.sort();
    return out;
  }

  /** The values in the given order of rows. */
  ordered(order: Uint32Array): T {
    return this.leave({ order, free: false });
  }

  /** The values as a column of their own. */
  leave(leaving: Leaving): T {
    return this.leaveAs(this.type, leaving);
  }

  /** The values, none negative, in the narrowest type that holds them. */
  leaveAsIndex(this: GrowingColumn<Uint32Array>, leaving: Leaving): Uint16Array | Uint32Array {
    let most = 0;
    for (let i = 0; i < this.length; i++) {
      most = Math.max(most, this.get(i));
    }
    return most <= 0xffff ? this.leaveAs(Uint16Array, leaving) : this.leaveAs(Uint32Array, leaving);
  }

  /** Links (negative = none), in the narrowest type that holds them. */
  leaveAsLinks(this: GrowingColumn<Int32Array>, leaving: Leaving): Int16Array | Int32Array {
    let most = 0;
    for (let i = 0; i < this.length; i++) {
      most = Math.max(most, Math.abs(this.get(i)));
    }
    return most <= 0x7fff ? this.leaveAs(Int16Array, leaving) : this.leaveAs(Int32Array, leaving);
  }

  private leaveAs<C extends NumberArray>(type: ArrayType<C>, { order, free }: Leaving): C {
    const out = sharedColumn(type, this.length);
    if (order === undefined) {
      this.copyTo(out, free);
    } else {
      for (let i = 0; i < order.length; i++) {
        out[i] = this.get(order[i]);
      }
    }
    if (free) {
      this.chunks.splice(0).forEach(discard);
      this.last = new this.type(0);
      this.inLast = 0;
    }
    return out;
  }

  private copyTo(out: NumberArray, free: boolean): void {
    this.chunks.forEach((chunk, i) => {
      const first = i * CHUNK_ROWS;
      out.set(chunk.subarray(0, this.length - first), first);
      if (free) {
        discard(chunk);
      }
    });
  }

  private grow(): void {
    if (this.last.length < CHUNK_ROWS) {
      const rows = this.last.length < SMALL_ROWS ? Math.max(1, this.last.length) * 2 : CHUNK_ROWS;
      const grown = new this.type(rows);
      grown.set(this.last);
      this.last = grown;
      this.chunks[this.chunks.length - 1] = grown;
    } else {
      this.last = new this.type(CHUNK_ROWS);
      this.inLast = 0;
      this.chunks.push(this.last);
    }
  }
}

/**
 * Gives an array's memory back at once, where the host can, instead of at the next collection, which a
 * heap of few objects puts off for long. It is empty then.
 */
export function discard({ buffer }: NumberArray): void {
  if (buffer.byteLength > 0 && 'transfer' in buffer && typeof buffer.transfer === 'function') {
    buffer.transfer(0);
  }
}

/** Columns that have all left; where the builder is not read again, their order goes with it. */
function left<T>({ order, free }: Leaving, columns: T): T {
  if (free && order !== undefined) {
    discard(order);
  }
  return columns;
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

  protected timed(leaving: Leaving): TimedColumns {
    return {
      count: this.count,
      // The narrow ones first: what they free makes room for the wide ones.
      name: this.name.leaveAsIndex(leaving),
      lane: this.lane.leaveAsIndex(leaving),
      start: this.start.leave(leaving),
      duration: this.duration.leave(leaving),
    };
  }

  /** Row numbers in time order; builders keep file order until `build`. */
  order(): Uint32Array {
    return orderByStart(this.start, this.duration) ?? inOrder(this.count);
  }

  protected leaving(free: boolean): Leaving {
    return { order: orderByStart(this.start, this.duration), free };
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

  /** @param free true where the builder is not read again */
  build(free = false): GpuColumns {
    const leaving = this.leaving(free);
    return left(leaving, {
      kind: this.kind.leave(leaving),
      launch: this.launch.leave(leaving),
      correlation: this.correlation.leave(leaving),
      bytes: this.bytes.leave(leaving),
      shape: this.shape.leave(leaving),
      collective: this.collective.leave(leaving),
      replayed: this.replayed.leave(leaving),
      stack: this.stack.leave(leaving),
      ...this.timed(leaving),
    });
  }
}

/** Collects API calls. */
export class LaunchBuilder extends TimedBuilder {
  /** empty as long as no call has one */
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
    const id = finiteId(row.correlation);
    if (this.correlation.length > 0 || !Number.isNaN(id)) {
      while (this.correlation.length < this.count - 1) {
        this.correlation.push(NaN);
      }
      this.correlation.push(id);
    }
    this.stack.push(row.stack ?? -1);
  }

  /**
   * `range` is filled with -1: who knows of ranges decides it.
   *
   * @param free true where the builder is not read again
   * @param ranges false where the file has none
   */
  build(free = false, ranges = true): LaunchColumns {
    const { count } = this;
    const leaving = this.leaving(free);
    return left(leaving, {
      ...(this.correlation.length > 0 && { correlation: this.correlation.leave(leaving) }),
      // Who goes on with the columns may still write stacks.
      stack: free ? this.stack.leaveAsLinks(leaving) : this.stack.leave(leaving),
      ...this.timed(leaving),
      range: ranges
        ? sharedColumn(Int32Array, count).fill(-1)
        : sharedColumn(Int8Array, count).fill(-1),
    });
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
    const leaving = { order, free: false };
    const position = new Int32Array(order.length);
    for (let i = 0; i < order.length; i++) {
      position[order[i]] = i;
    }
    const parent = this.parent.ordered(order);
    for (let i = 0; i < parent.length; i++) {
      parent[i] = parent[i] < 0 ? -1 : position[parent[i]];
    }
    return { ...this.timed(leaving), kind: this.kind.ordered(order), parent };
  }
}

/** Collects operating-system and profiler events. */
export class HostBuilder extends TimedBuilder {
  readonly kind = new GrowingColumn(Uint8Array);
  /** as long as the rows once one has a stack, empty before */
  private readonly stack = new GrowingColumn(Int32Array);

  /** @param row with `stack` as in `HostColumns`, none by default */
  push(row: {
    start: number;
    duration: number;
    name: number;
    lane: number;
    kind: number;
    stack?: number;
  }): void {
    const i = this.pushTimed(row.start, row.duration, row.name, row.lane);
    this.kind.push(row.kind);
    const { stack = NO_STACK } = row;
    if (stack !== NO_STACK || this.stack.length > 0) {
      while (this.stack.length < i) {
        this.stack.push(NO_STACK);
      }
      this.stack.push(stack);
    }
  }

  /** @param free true where the builder is not read again */
  build(free = false): HostColumns {
    const leaving = this.leaving(free);
    return left(leaving, {
      kind: this.kind.leave(leaving),
      ...(this.stack.length > 0 && { stack: this.stack.leaveAsLinks(leaving) }),
      ...this.timed(leaving),
    });
  }
}
