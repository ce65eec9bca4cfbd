import {
  GpuBuilder,
  HostBuilder,
  LaunchBuilder,
  NameTable,
  NO_STACK,
  type KernelShape,
  type StackTable,
  type Trace,
  type Warning,
} from '../trace/index.js';
import { nestRanges, RawRanges } from './kineto/rangeNesting.js';
import { LaneBuilder } from './laneBuilder.js';
import { RowSkips } from './rowSkips.js';
import { StackBuilder } from './stackBuilder.js';
import { START_AND_END, unusableTimes } from './unusableTimes.js';

/** The parts of a trace that `LinkedRows.build` makes. */
export type LinkedParts = Pick<
  Trace,
  'names' | 'ranks' | 'lanes' | 'gpu' | 'launches' | 'ranges' | 'host' | 'kernelShapes' | 'spanNs'
> & {
  readonly stacks: StackTable;
  /** absolute time of the trace's start, ns */
  readonly originNs: bigint;
  /** rows of the four tables together */
  readonly rowsRead: number;
};

const GRAPH_LAUNCH = /GraphLaunch/i;

/** Rows of a recording that has GPU work, the calls behind it and ranges around those. Times are ns from any one base. */
export class LinkedRows {
  readonly names = new NameTable();
  readonly lanes = new LaneBuilder();
  readonly stacks = new StackBuilder();
  readonly gpu = new GpuBuilder();
  readonly launches = new LaunchBuilder();
  readonly ranges = new RawRanges();
  readonly host = new HostBuilder();
  readonly skips = new RowSkips();
  private unnamed = 0;
  private unusable = 0;
  private readonly shapes: KernelShape[] = [];
  private readonly shapeIds = new Map<string, number>();

  /** Whether a row has usable times; one that has not is counted as left out. @param start, end ns; NaN = none */
  fits(start: number, end: number): boolean {
    const reason = unusableTimes(start, end - start, START_AND_END);
    if (reason === '') {
      return true;
    }
    this.skips.add(reason);
    this.unusable++;
    return false;
  }

  /** What is wrong with rows, in sentences. */
  warnings(): Warning[] {
    const warnings: Warning[] = [];
    if (this.unusable > 0) {
      warnings.push({
        code: 'damaged-rows',
        message: `${this.unusable} event ${this.unusable === 1 ? 'row was' : 'rows were'} left out for their times; the list of rows left out says why.`,
        rows: this.unusable,
      });
    }
    if (this.unnamed > 0) {
      const message = `${this.unnamed} events have no name.`;
      warnings.push({ code: 'unnamed', message, rows: this.unnamed });
    }
    return warnings;
  }

  name(text: string): number {
    this.unnamed += text === '' ? 1 : 0;
    return this.names.intern(text === '' ? '(no name)' : text);
  }

  /** Index of a launch geometry, blocks and threads a block; -1 where a part of it is missing. */
  shape(grid: readonly number[], block: readonly number[]): number {
    if ([...grid, ...block].some((n) => !Number.isSafeInteger(n) || n <= 0)) {
      return -1;
    }
    const key = `${grid.join()}/${block.join()}`;
    let id = this.shapeIds.get(key);
    if (id === undefined) {
      id =
        this.shapes.push({
          grid: [grid[0], grid[1], grid[2]],
          block: [block[0], block[1], block[2]],
        }) - 1;
      this.shapeIds.set(key, id);
    }
    return id;
  }

  /**
   * Puts every table in time order and joins them: GPU work to the call that launched it, calls to the
   * range around them. What hipGraphLaunch or cudaGraphLaunch launched was replayed from a graph.
   *
   * @param base absolute time, ns, that all times are relative to
   * @param launchOf row of `launches`, as pushed, behind a row of `gpu`; -1 = none
   */
  build(base: bigint, launchOf: (gpuRow: number) => number): LinkedParts {
    const order = this.launches.order();
    const position = new Int32Array(order.length);
    order.forEach((row, i) => (position[row] = i));
    const isGraph = this.names.all().map((name) => GRAPH_LAUNCH.test(name));
    for (let row = 0; row < this.gpu.count; row++) {
      const launch = launchOf(row);
      if (launch >= 0) {
        this.gpu.launch.set(row, position[launch]);
        if (isGraph[this.launches.name.get(launch)]) {
          this.gpu.replayed.set(row, 1);
        }
      }
    }
    const gpu = this.gpu.build();
    const launches = this.launches.build();
    const { columns: ranges } = nestRanges(this.ranges, [launches], 1);
    const host = this.host.build();

    const tables = [gpu, launches, ranges, host];
    const starts = tables.filter(({ count }) => count > 0).map(({ start }) => start[0]);
    const shift = starts.length === 0 ? 0 : Math.floor(Math.min(...starts));
    let spanNs = 0;
    for (const table of tables) {
      for (let i = 0; i < table.count; i++) {
        table.start[i] -= shift;
        spanNs = Math.max(spanNs, table.start[i] + table.duration[i]);
      }
    }
    return {
      ...this.lanes.build(),
      names: this.names,
      gpu,
      launches,
      ranges,
      host,
      kernelShapes: this.shapes,
      stacks: this.stacks.build(),
      spanNs,
      originNs: base + BigInt(shift),
      rowsRead: tables.reduce((sum, { count }) => sum + count, 0),
    };
  }

  /** Whether a call or GPU event has a stack. */
  get hasStacks(): boolean {
    const any = (column: { readonly length: number; get(i: number): number }): boolean => {
      for (let i = 0; i < column.length; i++) {
        if (column.get(i) !== NO_STACK) {
          return true;
        }
      }
      return false;
    };
    return any(this.launches.stack) || any(this.gpu.stack);
  }
}
