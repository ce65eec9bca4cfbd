import type { SqlEngine } from '../../sqlite/engine.js';
import {
  LaunchBuilder,
  NO_STACK,
  type Frame,
  type GpuBuilder,
  type LaunchColumns,
  type NameTable,
  type Warning,
} from '../../trace/index.js';
import type { StackBuilder } from '../stackBuilder.js';
import { apiName, CallChains, type ChainUse } from './callChains.js';
import type { NsysPlaces } from './places.js';
import { number, type NsysRows } from './rows.js';
import { processKey, threadId } from './schema.js';
import type { NsysStrings } from './strings.js';

const TABLE = 'CUPTI_ACTIVITY_KIND_RUNTIME';
/** `eventClass` of the row that only carries a call's stack (ENUM_NSYS_EVENT_CLASS). */
const BACKTRACE = 67;

/** Libraries that run Python code: `/usr/bin/python3.12`, `libpython3.10.so.1.0`. */
const INTERPRETER = /(^|[\\/])(lib)?python[\d.]*(\.so|\.dll|\.exe|$)/i;

const GRAPH_LAUNCH = /GraphLaunch/i;

/** How well a call explains a GPU event with its correlation id: a driver call may share the id. */
function strength(name: string): number {
  return /Launch/i.test(name) ? 2 : /Mem(cpy|set)/i.test(name) ? 1 : 0;
}

/** A row of class 67, kept until its call is known. */
interface Backtrace {
  readonly start: number;
  readonly duration: number;
  readonly name: number;
  readonly lane: number;
  readonly process: number;
  readonly correlation: number;
  readonly chain: number;
}

/** The CUDA API calls of an export, with their stacks, and the way from a GPU event to its call. */
export class NsysApiCalls {
  readonly builder = new LaunchBuilder();
  readonly warnings: Warning[] = [];
  /** by process: the row that stands for each correlation id. Ids are counted in each process anew. */
  private readonly byProcess = new Map<number, Map<number, number>>();
  private readonly graphLaunches = new Set<number>();
  private positions = new Uint32Array(0);
  /** rows that have a stack of their own, by thread and by when the recorder began to take it */
  private readonly backtraceAt = new Map<number, Map<number, number>>();

  constructor(
    private readonly names: NameTable,
    private readonly places: NsysPlaces,
    private readonly strings: NsysStrings,
    private readonly stacks: StackBuilder,
  ) {}

  /** @throws SqlError; the signal's reason once it is aborted */
  async read(engine: SqlEngine, rows: NsysRows): Promise<void> {
    const { schema } = rows;
    const chains = new CallChains(engine, schema, 'CUDA_CALLCHAINS', this.strings, this.stacks);
    const backtraces: Backtrace[] = [];
    const nameIds = new Map<number, number>();
    const chainOf: number[] = [];
    await rows.each(
      TABLE,
      [
        ...rows.times(TABLE),
        processKey('globalTid'),
        threadId('globalTid'),
        schema.column(TABLE, 'correlationId'),
        schema.column(TABLE, 'nameId'),
        schema.column(TABLE, 'eventClass'),
        schema.column(TABLE, 'callchainId'),
      ],
      'Reading API calls',
      (row) => {
        const [start, duration, process, thread, correlation, nameId, eventClass, chain] =
          row.map(number);
        if (!rows.accepts(start, duration)) {
          return;
        }
        let name = nameIds.get(nameId);
        if (name === undefined) {
          name = this.names.intern(apiName(this.strings.get(nameId)) || 'unnamed API call');
          nameIds.set(nameId, name);
        }
        const lane = this.places.thread(process, thread);
        if (eventClass === BACKTRACE) {
          backtraces.push({ start, duration, name, lane, process, correlation, chain });
        } else {
          this.push(process, { start, duration, name, lane, correlation });
          chainOf.push(chain);
        }
      },
    );
    this.giveStacks(rows, chains, backtraces, chainOf);
  }

  /** The row of the call of a correlation id in a process, -1 = none. Rows are those of `builder`. */
  find(process: number, correlation: number): number {
    if (!(correlation > 0)) {
      return -1; // 0 is what the recorder writes where there is no correlation
    }
    const calls =
      Number.isNaN(process) && this.byProcess.size === 1
        ? [...this.byProcess.values()][0]
        : this.byProcess.get(process);
    return calls?.get(correlation) ?? -1;
  }

  /**
   * Adds the Python frames of a call to its stack. The interpreter's own frames are those of the Python
   * functions that it ran: they and what is outside of them make way.
   * @param lane thread of the call
   * @param start when the recorder began to take the stack, ns from the base
   * @param frames innermost first
   * @returns false where no call of the thread has a stack that was taken then
   */
  addPythonFrames(lane: number, start: number, frames: readonly Frame[]): boolean {
    const row = this.backtraceAt.get(lane)?.get(start);
    if (row === undefined) {
      return false;
    }
    const native = this.stacks.framesOf(this.builder.stack.get(row));
    const interpreter = native.findIndex(({ library }) => INTERPRETER.test(library));
    const inner = interpreter < 0 ? native : native.slice(0, interpreter);
    this.builder.stack.set(row, this.stacks.add([...inner, ...frames]));
    return true;
  }

  isGraphLaunch(row: number): boolean {
    return this.graphLaunches.has(this.builder.name.get(row));
  }

  /** The calls in time order; from here on `position` tells where a row went. */
  build(): LaunchColumns {
    const order = this.builder.order();
    this.positions = new Uint32Array(order.length);
    order.forEach((row, i) => {
      this.positions[row] = i;
    });
    return this.builder.build();
  }

  position(row: number): number {
    return this.positions[row];
  }

  /** How many calls launched a graph none of whose work is among the GPU events. */
  graphLaunchesWithout(gpu: GpuBuilder, launchOf: (gpuRow: number) => number): number {
    const seen = new Set<number>();
    for (let i = 0; i < gpu.count; i++) {
      seen.add(launchOf(i));
    }
    let without = 0;
    for (let row = 0; this.graphLaunches.size > 0 && row < this.builder.count; row++) {
      without += this.isGraphLaunch(row) && !seen.has(row) ? 1 : 0;
    }
    return without;
  }

  private push(
    process: number,
    call: { start: number; duration: number; name: number; lane: number; correlation: number },
  ): void {
    const row = this.builder.count;
    this.builder.push(call);
    const text = this.names.get(call.name);
    if (GRAPH_LAUNCH.test(text)) {
      this.graphLaunches.add(call.name);
    }
    let calls = this.byProcess.get(process);
    if (calls === undefined) {
      calls = new Map();
      this.byProcess.set(process, calls);
    }
    const other = calls.get(call.correlation);
    if (
      other === undefined ||
      strength(text) > strength(this.names.get(this.builder.name.get(other)))
    ) {
      calls.set(call.correlation, row);
    }
  }

  /**
   * With backtraces each call has two rows of one correlation id: the call, and one of class 67 around
   * it that holds the stack. The second is no call of its own; counted, it would double the API time.
   */
  private giveStacks(
    rows: NsysRows,
    chains: CallChains,
    backtraces: readonly Backtrace[],
    chainOf: number[],
  ): void {
    let paired = 0;
    for (const { process, chain, ...call } of backtraces) {
      let row = this.find(process, call.correlation);
      if (row >= 0 && Number.isNaN(chainOf[row])) {
        chainOf[row] = chain;
        paired++;
      } else {
        row = this.builder.count;
        this.push(process, call);
        chainOf.push(chain);
      }
      const ofLane = this.backtraceAt.get(call.lane) ?? new Map<number, number>();
      this.backtraceAt.set(call.lane, ofLane.set(call.start, row));
    }
    rows.unread.add(
      'second rows of API calls, which only hold their stacks (eventClass 67)',
      paired,
    );

    const uses: ChainUse[] = [];
    chainOf.forEach((chain, row) => {
      if (!Number.isNaN(chain)) {
        uses.push({ chain, api: this.names.get(this.builder.name.get(row)) });
      }
    });
    chains.settle(uses);
    let dangling = 0;
    chainOf.forEach((chain, row) => {
      const stack = chains.find(chain);
      this.builder.stack.set(row, stack);
      dangling += stack < NO_STACK ? 1 : 0;
    });
    if (dangling > 0) {
      this.warnings.push({
        code: 'dangling-stack',
        message: `${dangling} API calls point at a stack that the file does not hold.`,
        rows: dangling,
      });
    }
  }
}
