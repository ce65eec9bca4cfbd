import type { CollectiveSeries } from './collectiveSeries.js';

/** Fewer matching collectives tell nothing. */
export const LEAST_MATCHES = 20;
/** A median whose values lie further from it than this is no clock's distance. ns */
const MOST_SPREAD = 500_000;
/** Ways to match two series that are tried on each side of a likely one. */
const MOST_OFFSET = 1000;
/** Pairs looked at to find the likely ways, and to weigh those. */
const FIRST_SAMPLE = 64;
const SECOND_SAMPLE = 20_000;
const LIKELY = 8;
/** Of the shorter series at least this share has to match. */
const LEAST_OVERLAP = 0.5;
const LEAST_SAME_KIND = 0.98;
/** The next best way has to fit this much worse. */
const CLEARLY = 2;
/** Collectives that may still contradict the skew that was found: a kernel's own time is not exact. */
const MOST_CONTRADICTIONS = 0.02;

/** What two ranks' collectives say of their clocks. ns; of the second rank's clock against the first's */
export interface Skew {
  readonly skewNs: number;
  /** median distance from it */
  readonly spreadNs: number;
  readonly matches: number;
  /** by how much it grew from the first third of the matches to the last; 0 = not beyond the spread */
  readonly driftNs: number;
  /** matches that would have ended on one rank before the other had begun them, with the times as stated */
  readonly impossible: number;
}

export interface NoSkew {
  readonly reason: string;
  readonly matches: number;
}

/**
 * How far the clock of `b` is ahead of that of `a`, from the ends of the collectives both took part in:
 * none can end on any rank before all have entered it, so all end nearly together, however long each
 * had to wait.
 *
 * @param distanceNs what is to be added to the times of `b` to count from the zero of `a`
 */
export function skewBetween(
  a: ReadonlyMap<string, CollectiveSeries>,
  b: ReadonlyMap<string, CollectiveSeries>,
  distanceNs: number,
): Skew | NoSkew {
  if (a.size === 0 || b.size === 0) {
    return { reason: 'there are no collectives to compare', matches: 0 };
  }
  let best: Skew | NoSkew = { reason: 'they take part in no common collective', matches: 0 };
  const keys = [...a.keys()].filter((key) => b.has(key));
  const length = (key: string): number =>
    Math.min(a.get(key)?.end.length ?? 0, b.get(key)?.end.length ?? 0);
  // The longest series has most to say; one that says nothing leaves it to the next.
  for (const key of keys.sort((x, y) => length(y) - length(x))) {
    const [ofA, ofB] = [a.get(key), b.get(key)];
    if (ofA !== undefined && ofB !== undefined) {
      const found = skewOfSeries(ofA, ofB, distanceNs);
      if ('skewNs' in found) {
        return found;
      }
      best = found.matches > best.matches ? found : best;
    }
  }
  return best;
}

/** One way to match two series: the i-th of the first with the (i + offset)-th of the second. */
interface Matching {
  readonly offset: number;
  /** pairs, by index in the first series */
  readonly from: number;
  readonly to: number;
  readonly spread: number;
}

function skewOfSeries(a: CollectiveSeries, b: CollectiveSeries, distanceNs: number): Skew | NoSkew {
  const shorter = Math.min(a.end.length, b.end.length);
  if (shorter < LEAST_MATCHES) {
    return {
      reason: `only ${shorter} collectives match, and ${LEAST_MATCHES} are needed`,
      matches: shorter,
    };
  }
  const likely = offsets(a, b, distanceNs)
    .flatMap((offset) => matching(a, b, offset, FIRST_SAMPLE) ?? [])
    .sort((x, y) => x.spread - y.spread || Math.abs(x.offset) - Math.abs(y.offset))
    .slice(0, LIKELY);
  const [best, next] = likely
    .flatMap(({ offset }) => matching(a, b, offset, SECOND_SAMPLE) ?? [])
    .sort((x, y) => x.spread - y.spread);
  if (best === undefined) {
    return { reason: 'their collectives differ', matches: 0 };
  }
  if (best.spread > MOST_SPREAD) {
    return { reason: 'their collectives do not end together', matches: best.to - best.from };
  }
  if (next !== undefined && next.spread <= best.spread * CLEARLY) {
    return {
      reason: 'their collectives can be matched in several ways that fit equally well',
      matches: best.to - best.from,
    };
  }
  return skewOfMatching(a, b, best, distanceNs);
}

/** Recordings begin and end at different collectives: the ways that are worth trying. */
function offsets(a: CollectiveSeries, b: CollectiveSeries, distanceNs: number): number[] {
  const middle = a.end.length >> 1;
  let nearest = 0;
  while (nearest < b.end.length - 1 && b.end[nearest] + distanceNs < a.end[middle]) {
    nearest++;
  }
  const tried = new Set<number>();
  for (const centre of [0, b.end.length - a.end.length, nearest - middle]) {
    for (let offset = centre - MOST_OFFSET; offset <= centre + MOST_OFFSET; offset++) {
      tried.add(offset);
    }
  }
  return [...tried];
}

/** @returns undefined where too few overlap, or they are of different kinds */
function matching(
  a: CollectiveSeries,
  b: CollectiveSeries,
  offset: number,
  sample: number,
): Matching | undefined {
  const from = Math.max(0, -offset);
  const to = Math.min(a.end.length, b.end.length - offset);
  const shorter = Math.min(a.end.length, b.end.length);
  if (to - from < Math.max(LEAST_MATCHES, shorter * LEAST_OVERLAP)) {
    return undefined;
  }
  const step = Math.max(1, (to - from) / sample);
  const differences: number[] = [];
  let same = 0;
  for (let at = from; at < to; at += step) {
    const i = Math.floor(at);
    same += a.kind[i] === b.kind[i + offset] ? 1 : 0;
    differences.push(b.end[i + offset] - a.end[i]);
  }
  return same < differences.length * LEAST_SAME_KIND
    ? undefined
    : { offset, from, to, spread: spreadOf(differences) };
}

function skewOfMatching(
  a: CollectiveSeries,
  b: CollectiveSeries,
  { offset, from, to }: Matching,
  distanceNs: number,
): Skew | NoSkew {
  const all: number[] = [];
  const even: number[] = [];
  for (let i = from; i < to; i++) {
    if (a.kind[i] === b.kind[i + offset]) {
      all.push(i);
      // With uneven sizes the rank that gets more ends later.
      if (a.even[i] > 0 && a.even[i] === b.even[i + offset]) {
        even.push(i);
      }
    }
  }
  const pairs = even.length >= LEAST_MATCHES ? even : all;
  const differences = pairs.map((i) => b.end[i + offset] - a.end[i]);
  const relative = median(differences);
  const spreadNs = spreadOf(differences);
  // A kernel's end is known to some µs only.
  const tolerance = Math.max(1000, 3 * spreadNs);
  const impossibleAt = (shift: number): number =>
    pairs.filter(
      (i) =>
        b.end[i + offset] + shift + tolerance < a.start[i] ||
        a.end[i] + tolerance < b.start[i + offset] + shift,
    ).length;
  const contradicting = impossibleAt(-relative);
  if (contradicting > pairs.length * MOST_CONTRADICTIONS) {
    return {
      reason: `with their ends laid over one another, ${contradicting} of ${pairs.length} collectives would end on one rank before the other begins them`,
      matches: pairs.length,
    };
  }
  return {
    skewNs: relative + distanceNs,
    spreadNs,
    matches: pairs.length,
    driftNs: driftOf(differences),
    impossible: impossibleAt(distanceNs),
  };
}

/** By how much the differences grew from their first third to their last, where that is beyond chance. */
function driftOf(differences: readonly number[]): number {
  const third = Math.floor(differences.length / 3);
  const first = differences.slice(0, third);
  const last = differences.slice(-third);
  const drift = median(last) - median(first);
  const chance = Math.max(10_000, 4 * Math.max(spreadOf(first), spreadOf(last)));
  return Math.abs(drift) > chance ? drift : 0;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median distance from the median. */
function spreadOf(values: readonly number[]): number {
  const centre = median(values);
  return median(values.map((value) => Math.abs(value - centre)));
}
