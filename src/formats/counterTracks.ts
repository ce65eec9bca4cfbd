import {
  GrowingColumn,
  type CounterTrack,
  type TraceReport,
  type Warning,
} from '../trace/index.js';
import { RowSkips } from './rowSkips.js';

/** Eight GPUs have some 500 quantities; a hostile file may name another one in each row. */
const MOST_TRACKS = 4000;
const TOO_MANY = `of further quantities than ${MOST_TRACKS}`;
export const NO_NUMBER = 'without a number';
export const NO_TIME = 'without a time';

interface Samples {
  readonly time: GrowingColumn<Float64Array>;
  readonly value: GrowingColumn<Float64Array>;
}

/** What a track is, once all of the file is known. */
export type TrackIdentity = Pick<CounterTrack, 'name' | 'unit' | 'rank' | 'device' | 'source'>;

/** Collects the samples of a file by track, and keeps the account of those that are left out. */
export class CounterTracks {
  private readonly tracks: Samples[] = [];
  private readonly leftOut = new RowSkips();
  private read = 0;

  /** A new track, which the tracks come in order of; -1 where there are too many. */
  add(): number {
    return this.tracks.length >= MOST_TRACKS
      ? -1
      : this.tracks.push({
          time: new GrowingColumn(Float64Array, 16),
          value: new GrowingColumn(Float64Array, 16),
        }) - 1;
  }

  get count(): number {
    return this.tracks.length;
  }

  /**
   * Adds a sample, or counts why it is none.
   * @param time ns; made relative to the trace's start by `build`
   */
  push(track: number, time: number, value: number): void {
    if (Number.isNaN(time)) {
      this.leaveOut(NO_TIME);
    } else if (!Number.isFinite(value)) {
      this.leaveOut(NO_NUMBER);
    } else if (track < 0) {
      this.leaveOut(TOO_MANY);
    } else {
      this.tracks[track].time.push(time);
      this.tracks[track].value.push(value);
      this.read++;
    }
  }

  leaveOut(reason: string, samples = 1): void {
    this.leftOut.add(reason, samples);
  }

  /** First and last time of all samples, ns; undefined without any. */
  reach(): { first: number; last: number } | undefined {
    let [first, last] = [Infinity, -Infinity];
    for (const { time } of this.tracks) {
      for (let i = 0; i < time.length; i++) {
        first = Math.min(first, time.get(i));
        last = Math.max(last, time.get(i));
      }
    }
    return first <= last ? { first, last } : undefined;
  }

  /**
   * The tracks that have samples, by rank and device, each in time order; of equal times in the file's
   * order.
   * @param shift ns that the trace's start lies after the zero of the times given
   * @param running whether a track's values are changes, to be summed up to what they leave
   */
  build(
    shift: number,
    identity: (track: number) => TrackIdentity,
    running: (track: number) => boolean = () => false,
  ): CounterTrack[] {
    let lastTime = new Float64Array(0);
    const built = this.tracks.flatMap((samples, track): CounterTrack[] => {
      const { length } = samples.time;
      if (length === 0) {
        return [];
      }
      const order = orderOf(samples.time);
      const value = samples.value.ordered(order);
      for (let i = 1; i < length && running(track); i++) {
        value[i] += value[i - 1];
      }
      const ownTime = samples.time.ordered(order).map((at) => at - shift);
      // The metrics of a GPU are sampled at once: their times are kept once.
      const time = sameValues(ownTime, lastTime) ? lastTime : ownTime;
      lastTime = time;
      return [{ ...identity(track), time, value }];
    });
    return built.sort((a, b) => a.rank - b.rank || a.device - b.device);
  }

  /** The account of the samples; nothing where the file has none. */
  report(): Pick<TraceReport, 'samples'> {
    const inFile = this.read + this.leftOut.rows;
    return inFile === 0 ? {} : { samples: { inFile, read: this.read } };
  }

  warnings(): Warning[] {
    const { rows } = this.leftOut;
    if (rows === 0) {
      return [];
    }
    const reasons = this.leftOut
      .list()
      .map(({ reason, rows: n }) => `${reason} (${n})`)
      .join(', ');
    return [
      {
        code: 'samples-left-out',
        message: `${rows} counter ${rows === 1 ? 'sample was' : 'samples were'} left out: ${reasons}.`,
        rows,
      },
    ];
  }
}

function sameValues(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function orderOf(time: GrowingColumn<Float64Array>): Uint32Array {
  const order = new Uint32Array(time.length);
  let sorted = true;
  for (let i = 0; i < order.length; i++) {
    order[i] = i;
    sorted &&= i === 0 || time.get(i) >= time.get(i - 1);
  }
  return sorted ? order : order.sort((a, b) => time.get(a) - time.get(b) || a - b);
}
