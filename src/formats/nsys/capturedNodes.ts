import type { SqlValue } from '../../sqlite/engine.js';
import type { LaunchColumns, NameTable } from '../../trace/index.js';
import type { NsysPlaces } from './places.js';
import { number, type NsysRows } from './rows.js';
import { processKey, threadId } from './schema.js';

/** As 3.20.3 names it, and as 2.9.1 to 3.7.2 do: later ones keep graphs, not nodes, in that table. */
const TABLES = ['CUDA_GRAPH_NODE_EVENTS', 'CUDA_GRAPH_EVENTS'];
/** Graphs are cloned when they are instantiated, and may hold graphs: nobody goes deeper, a damaged file may. */
const DEEPEST = 16;
/** Calls of one thread that may lie between a call and what happens in it: a driver call within each. */
const NESTED = 16;

/** Calls that copy nodes, whatever was open around them: what they made, and no row says of what, has no capture. */
const COPYING = /Instantiate|Clone|ChildGraph|Upload|GraphLaunch/i;

/** Where a node was made: on which thread, and when, ns from the base. */
interface Creation {
  readonly lane: number;
  readonly time: number;
}

/**
 * The nodes of CUDA graphs, and the API calls that made them while their graph was captured or built:
 * there the module that a replayed kernel belongs to was open, not where the graph is launched.
 *
 * A node is numbered within its process. What runs is a clone, made when the graph is instantiated: its
 * row names the original, whose own row lies within the call that made it (the exporter's documentation,
 * "Find CUDA API calls that resulted in original graph node creation").
 */
export class CapturedNodes {
  private readonly originals = new Map<string, string | null>();
  private readonly creations = new Map<string, Creation>();

  /** @throws SqlError; the signal's reason once it is aborted */
  async read(rows: NsysRows, places: NsysPlaces): Promise<void> {
    for (const table of TABLES) {
      if (rows.schema.has(table, 'start', 'globalTid', 'graphNodeId')) {
        await this.readTable(table, rows, places);
      }
    }
  }

  private async readTable(table: string, rows: NsysRows, places: NsysPlaces): Promise<void> {
    const columns = [
      processKey('globalTid'),
      threadId('globalTid'),
      'graphNodeId',
      rows.schema.column(table, 'originalGraphNodeId'),
    ];
    await rows.eachUncounted(table, 'start', columns, 'Reading graph nodes', (row) => {
      const [time, process, thread] = row.slice(0, 3).map(number);
      const node = keyOf(process, row[3]);
      const original = keyOf(process, row[4]);
      if (node === undefined || Number.isNaN(time)) {
        return;
      }
      if (original !== undefined && original !== node) {
        const other = this.originals.get(node);
        // Two originals of one node are evidence for neither.
        this.originals.set(node, other === undefined || other === original ? original : null);
      }
      const known = this.creations.get(node);
      if (known === undefined || time < known.time) {
        this.creations.set(node, { lane: places.thread(process, thread), time });
      }
    });
  }

  get count(): number {
    return this.creations.size;
  }

  /** The call that made the original of a process's node, as a row of `launches`; -1 where it is not known. */
  callOf(process: number, nodeId: SqlValue, launches: LaunchColumns, names: NameTable): number {
    let node = keyOf(process, nodeId);
    for (let depth = 0; node !== undefined && this.originals.has(node); depth++) {
      if (depth === DEEPEST) {
        return -1;
      }
      node = this.originals.get(node) ?? undefined;
    }
    const creation = node === undefined ? undefined : this.creations.get(node);
    const call = creation === undefined ? -1 : this.callAt(creation, launches);
    return call >= 0 && COPYING.test(names.get(launches.name[call])) ? -1 : call;
  }

  /** The innermost call of a thread at a time. */
  private callAt({ lane, time }: Creation, launches: LaunchColumns): number {
    const { starts, rows } = this.callsOf(lane, launches);
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] <= time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (let i = low - 1; i >= 0 && i >= low - NESTED; i--) {
      if (starts[i] + launches.duration[rows[i]] >= time) {
        return rows[i];
      }
    }
    return -1;
  }

  private readonly byLane = new Map<number, { starts: number[]; rows: number[] }>();

  private callsOf(
    lane: number,
    launches: LaunchColumns,
  ): { readonly starts: readonly number[]; readonly rows: readonly number[] } {
    if (this.byLane.size === 0) {
      for (let row = 0; row < launches.count; row++) {
        let calls = this.byLane.get(launches.lane[row]);
        if (calls === undefined) {
          calls = { starts: [], rows: [] };
          this.byLane.set(launches.lane[row], calls);
        }
        calls.starts.push(launches.start[row]);
        calls.rows.push(row);
      }
    }
    return this.byLane.get(lane) ?? { starts: [], rows: [] };
  }
}

/** A node's number may pass 2^53; 0 is none. */
function keyOf(process: number, node: SqlValue): string | undefined {
  return (typeof node === 'number' || typeof node === 'bigint') && Number(node) !== 0
    ? `${process} ${String(node)}`
    : undefined;
}
