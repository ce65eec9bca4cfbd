import type { RangeColumns } from '../../trace/index.js';
import type { CallsAmongRanges } from '../kineto/rangeNesting.js';
import { timeOrder } from '../timeOrder.js';
import type { NsysGpuWork } from './gpuWork.js';
import type { NsysPlaces } from './places.js';
import { number, type NsysRows } from './rows.js';
import { processKey, threadId } from './schema.js';

/** The name of later versions, and that of 2.9.1. */
const TABLES = ['CUDA_GRAPH_NODE_EVENTS', 'CUDA_GRAPH_EVENTS'];
/** A graph is copied when it is instantiated, and may be copied before that; a damaged file has circles. */
const DEEPEST = 8;

/** A row of the table: a node was put into a graph, or copied with it. */
interface Built {
  /** its place in file order */
  readonly row: number;
  /** id of the node it is a copy of, NaN for one that was put there by a call */
  readonly original: number;
}

/**
 * Where the nodes of CUDA graphs come from. Work that a graph replays is launched by one call for all of
 * it; what it is can be told where it was put into the graph, mostly while a stream was captured: by the
 * ranges around that call. The way there: `graphNodeId` of a kernel is a node of the instantiated graph,
 * whose row names the node it was copied from in `originalGraphNodeId`, whose row has the time and thread
 * of the call. Ids are counted in each process.
 */
export class NsysGraphNodes implements CallsAmongRanges {
  private readonly starts: number[] = [];
  private readonly lanes: number[] = [];
  private readonly byProcess = new Map<number, Map<number, Built>>();
  /** file row of each row in time order */
  private order: Uint32Array = new Uint32Array(0);
  start = new Float64Array(0);
  lane = new Uint32Array(0);
  range = new Int32Array(0);

  constructor(private readonly places: NsysPlaces) {}

  get count(): number {
    return this.order.length;
  }

  /** @throws SqlError; the signal's reason once it is aborted */
  async read(rows: NsysRows): Promise<void> {
    for (const table of TABLES) {
      if (rows.schema.has(table, 'start', 'graphNodeId')) {
        await this.readTable(rows, table);
      }
    }
    const { length } = this.starts;
    const start = Float64Array.from(this.starts);
    this.order = timeOrder(start, new Float64Array(length), length);
    this.start = new Float64Array(length);
    this.lane = new Uint32Array(length);
    this.range = new Int32Array(length).fill(-1);
    this.order.forEach((row, i) => {
      this.start[i] = start[row];
      this.lane[i] = this.lanes[row];
    });
  }

  private async readTable(rows: NsysRows, table: string): Promise<void> {
    const column = (name: string) => rows.schema.column(table, name);
    const globalTid = column('globalTid');
    await rows.each(
      table,
      [
        `"start" - (${rows.base})`,
        processKey(globalTid),
        threadId(globalTid),
        column('graphNodeId'),
        column('originalGraphNodeId'),
      ],
      'Reading graph nodes',
      (row) => {
        const [start, process, thread, node, original] = row.map(number);
        if (!rows.accepts(start, 0)) {
          return;
        }
        rows.unread.add(`nodes put into CUDA graphs (${table}): they only say what replays are of`);
        let nodes = this.byProcess.get(process);
        if (nodes === undefined) {
          nodes = new Map();
          this.byProcess.set(process, nodes);
        }
        // A node is put into its graph once; what comes later of it changes its parameters.
        if (!nodes.has(node)) {
          nodes.set(node, {
            row: this.starts.length,
            original: original > 0 ? original : NaN,
          });
        }
        this.starts.push(start);
        this.lanes.push(this.places.thread(process, thread));
      },
    );
  }

  /**
   * The innermost range around the call that put each piece of GPU work into its graph, by file row of the
   * work, -1 = not from a graph or not known; undefined where the file tells it of none. To be asked once
   * `range` is written.
   */
  captured(work: NsysGpuWork, ranges: RangeColumns): Int32Array | undefined {
    if (ranges.count === 0 || this.count === 0) {
      return undefined;
    }
    const position = new Uint32Array(this.count);
    this.order.forEach((row, i) => {
      position[row] = i;
    });
    let known = false;
    const captured = Int32Array.from(work.node, (node, row) => {
      const built = node > 0 ? this.origin(work.process[row], node) : -1;
      const range = built < 0 ? -1 : this.range[position[built]];
      known ||= range >= 0;
      return range;
    });
    return known ? captured : undefined;
  }

  /** The row of the call that put a node, or the node it was copied from, into a graph; -1 = none. */
  private origin(process: number, node: number): number {
    const only = this.byProcess.size === 1 ? [...this.byProcess.values()][0] : undefined;
    // Where threads have no process, there is one.
    const nodes = this.byProcess.get(process) ?? (this.byProcess.has(NaN) ? only : undefined);
    let built = nodes?.get(node);
    for (let depth = 0; built !== undefined && depth < DEEPEST; depth++) {
      if (Number.isNaN(built.original)) {
        return built.row;
      }
      built = nodes?.get(built.original);
    }
    return -1;
  }
}
