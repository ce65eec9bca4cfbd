import { KERNEL, type Trace } from '../../trace/index.js';

/**
 * Collectives that no rank can finish before every rank has entered: each needs data of all of them.
 * A broadcast's root, a reduce's leaf and the sender of a message may be done earlier.
 */
const NEEDS_ALL = /all_?-?(reduce|gather|to_?all)|reduce_?scatter|barrier/i;

/** Collectives of one process group, in the order they ran on one rank. Times in ns of that trace. */
export interface CollectiveSeries {
  /** the group as the file states it, else the kernel's name: what tells series of ranks apart */
  readonly key: string;
  readonly kind: readonly string[];
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** elements where every rank gives and gets the same number, NaN where that is not known */
  readonly even: Float64Array;
}

/**
 * The collectives of a trace by process group. Where the file states no group, by kernel name: those
 * of two groups may then mingle, which the matching notices by their times. Of a trace of several
 * ranks, those of the rank the others were compared with, where their files were laid together before; else
 * of the rank with the most.
 */
export function collectiveSeries(trace: Trace): ReadonlyMap<string, CollectiveSeries> {
  const { gpu, lanes, names, collectives } = trace;
  const entryOf = new Map<number, number>();
  collectives?.gpu.forEach((row, entry) => entryOf.set(row, entry));
  const wanted = names.all().map((name) => NEEDS_ALL.test(name));

  const rows: number[] = [];
  const perRank = new Float64Array(trace.ranks.length);
  for (let i = 0; i < gpu.count; i++) {
    // A stated name decides: kernels of all-to-all and of single messages have one name.
    const named = gpu.collective[i] === 0 ? gpu.name[i] : gpu.collective[i];
    if (gpu.kind[i] === KERNEL && wanted[named]) {
      rows.push(i);
      perRank[lanes[gpu.lane[i]].rank]++;
    }
  }
  const reference = trace.ranks.findIndex(({ clock }) => clock?.against === '');
  const most = perRank.indexOf(perRank.reduce((least, count) => Math.max(least, count), 0));
  const rank = reference < 0 ? most : reference;

  const grouped = new Map<string, number[]>();
  for (const i of rows) {
    const lane = lanes[gpu.lane[i]];
    if (lane.rank === rank) {
      const entry = entryOf.get(i);
      const group = entry === undefined ? 0 : (collectives?.group[entry] ?? 0);
      const key = group === 0 ? `kernel ${names.get(gpu.name[i])}` : `group ${names.get(group)}`;
      const list = grouped.get(key);
      if (list === undefined) {
        grouped.set(key, [i]);
      } else {
        list.push(i);
      }
    }
  }
  return new Map(
    [...grouped].map(([key, list]) => [
      key,
      {
        key,
        kind: list.map((i) => names.get(gpu.collective[i] || gpu.name[i])),
        start: Float64Array.from(list, (i) => gpu.start[i]),
        end: Float64Array.from(list, (i) => gpu.start[i] + gpu.duration[i]),
        even: Float64Array.from(list, (i) => {
          const entry = entryOf.get(i);
          const sent = entry === undefined ? NaN : (collectives?.sent[entry] ?? NaN);
          return entry !== undefined && sent === collectives?.received[entry] ? sent : NaN;
        }),
      },
    ]),
  );
}
