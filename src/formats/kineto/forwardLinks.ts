import { GrowingColumn, type Lane } from '../../trace/index.js';
import type { RawRanges } from './rangeNesting.js';

/** Arrows kept: they only tell which thread a number stands for, and a few prove it. */
const MOST_ARROWS = 10_000;

interface End {
  readonly lane: number;
  readonly time: number;
}

/**
 * Which forward operator each backward operator belongs to.
 *
 * Autograd numbers the nodes of its graph a thread (`Sequence number`); operators that make no node
 * carry the number of the next one, so of the forward operators with one number the last to begin made
 * the node. Its backward operator carries the same number and, as `Fwd thread id`, autograd's own
 * number of the forward thread; forward operators have 0 there (all of this as PyTorch's profiler
 * draws its own arrows, seen in our recordings of training steps). Which thread that number means is
 * told by the arrows of category `fwdbwd`; without arrows by which thread of the process has the
 * sequence numbers. Where two threads have them alike, nothing is linked.
 */
export class ForwardLinks {
  private readonly rows = new GrowingColumn(Uint32Array);
  private readonly sequences = new GrowingColumn(Float64Array);
  /** `Fwd thread id`, 0 for forward operators */
  private readonly threads = new GrowingColumn(Float64Array);
  private readonly arrows = new Map<string, { from?: End; to?: End }>();

  /** An operator with a sequence number, in row `row` of the ranges; `thread` NaN where none is stated. */
  operator(row: number, sequence: number, thread: number): void {
    this.rows.push(row);
    this.sequences.push(sequence);
    this.threads.push(Number.isNaN(thread) ? 0 : thread);
  }

  /** One end of an arrow from a forward ('s') to a backward operator ('f'); `time` in ns. */
  arrow(phase: 's' | 'f', id: number, lane: number, time: number): void {
    const key = String(id);
    let arrow = this.arrows.get(key);
    if (arrow === undefined) {
      if (this.arrows.size >= MOST_ARROWS) {
        return;
      }
      arrow = {};
      this.arrows.set(key, arrow);
    }
    // Processes of one file number their arrows alike: an id seen twice proves nothing.
    const end = { lane, time };
    if (phase === 's') {
      arrow.from = arrow.from === undefined ? end : { lane: -1, time };
    } else {
      arrow.to = arrow.to === undefined ? end : { lane: -1, time };
    }
  }

  /**
   * The links as `RangeColumns.forward`: undefined where nothing is linked.
   * @param fileRow row of `ranges` behind each nested range
   */
  column(ranges: RawRanges, lanes: readonly Lane[], fileRow: Uint32Array): Int32Array | undefined {
    const forwardRow = this.link(ranges, lanes);
    if (forwardRow === undefined) {
      return undefined;
    }
    const position = new Int32Array(fileRow.length);
    fileRow.forEach((row, i) => (position[row] = i));
    return Int32Array.from(fileRow, (row) =>
      forwardRow[row] < 0 ? -1 : position[forwardRow[row]],
    );
  }

  /**
   * The row of the forward operator of each backward operator, -1 for all other rows; undefined where
   * nothing is linked.
   */
  link(ranges: RawRanges, lanes: readonly Lane[]): Int32Array | undefined {
    const { rows, sequences, threads } = this;
    /** by lane: sequence number to the row of the last forward operator with it */
    const forward = new Map<number, Map<number, number>>();
    /** entries of backward operators, by process and forward thread */
    const backward = new Map<string, number[]>();
    for (let k = 0; k < rows.length; k++) {
      const row = rows.get(k);
      const lane = ranges.lane[row];
      if (threads.get(k) === 0) {
        const ofLane = forward.get(lane) ?? new Map<number, number>();
        forward.set(lane, ofLane);
        const other = ofLane.get(sequences.get(k));
        if (other === undefined || ranges.start[other] <= ranges.start[row]) {
          ofLane.set(sequences.get(k), row);
        }
      } else {
        const key = `${lanes[lane].process}/${threads.get(k)}`;
        const entries = backward.get(key) ?? [];
        backward.set(key, entries);
        entries.push(k);
      }
    }
    const votes = this.votesOfArrows(ranges, backward);
    let found = false;
    const of = new Int32Array(ranges.count).fill(-1);
    for (const [key, entries] of backward) {
      const process = lanes[ranges.lane[rows.get(entries[0])]].process;
      const candidates = [...forward.keys()].filter((lane) => lanes[lane].process === process);
      const lane =
        mostVoted(votes.get(key)) ?? this.laneWithNumbers(ranges, entries, candidates, forward);
      const ofLane = lane === undefined ? undefined : forward.get(lane);
      if (ofLane === undefined) {
        continue;
      }
      for (const k of entries) {
        const row = rows.get(k);
        const source = ofLane.get(sequences.get(k));
        if (source !== undefined && ranges.start[source] <= ranges.start[row]) {
          of[row] = source;
          found = true;
        }
      }
    }
    return found ? of : undefined;
  }

  /** By process and forward thread: how many arrows come from each lane. */
  private votesOfArrows(
    ranges: RawRanges,
    backward: ReadonlyMap<string, readonly number[]>,
  ): ReadonlyMap<string, Map<number, number>> {
    const keyAt = new Map<string, string>();
    if (this.arrows.size > 0) {
      for (const [key, entries] of backward) {
        for (const k of entries) {
          const row = this.rows.get(k);
          keyAt.set(`${ranges.lane[row]}/${ranges.start[row]}`, key);
        }
      }
    }
    const votes = new Map<string, Map<number, number>>();
    for (const { from, to } of this.arrows.values()) {
      if (from === undefined || to === undefined || from.lane < 0 || to.lane < 0) {
        continue;
      }
      const key = keyAt.get(`${to.lane}/${to.time}`);
      if (key !== undefined) {
        const ofKey = votes.get(key) ?? new Map<number, number>();
        votes.set(key, ofKey);
        ofKey.set(from.lane, (ofKey.get(from.lane) ?? 0) + 1);
      }
    }
    return votes;
  }

  /** The one lane whose forward operators have most of the numbers; undefined for none or several. */
  private laneWithNumbers(
    ranges: RawRanges,
    entries: readonly number[],
    candidates: readonly number[],
    forward: ReadonlyMap<number, ReadonlyMap<number, number>>,
  ): number | undefined {
    const counts = new Map<number, number>();
    for (const lane of candidates) {
      const ofLane = forward.get(lane);
      let count = 0;
      for (const k of entries) {
        const source = ofLane?.get(this.sequences.get(k));
        count +=
          source !== undefined && ranges.start[source] <= ranges.start[this.rows.get(k)] ? 1 : 0;
      }
      counts.set(lane, count);
    }
    return mostVoted(counts);
  }
}

/** The key with the highest count; undefined where two share it or none has any. */
function mostVoted(counts: ReadonlyMap<number, number> | undefined): number | undefined {
  const sorted = [...(counts ?? [])].sort((a, b) => b[1] - a[1]);
  if (sorted.length === 0 || sorted[0][1] === 0) {
    return undefined;
  }
  return sorted.length > 1 && sorted[1][1] === sorted[0][1] ? undefined : sorted[0][0];
}
