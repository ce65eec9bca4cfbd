import type { RankClock, Trace } from '../../trace/index.js';
import { collectiveSeries, type CollectiveSeries } from './collectiveSeries.js';
import { durationText } from './durationText.js';
import { skewBetween, type NoSkew, type Skew } from './skew.js';

/** A clock is only set right where it is off by more than this, and by more than its own spread. ns */
const LEAST_CORRECTED = 50_000;
const SPREADS_CORRECTED = 5;
/** Ranks a rank is compared with until one has collectives in common with it. */
const MOST_COMPARED = 16;

interface Part {
  readonly trace: Trace;
  readonly label: string;
  readonly series: ReadonlyMap<string, CollectiveSeries>;
}

/**
 * The clock of each trace of a run against that of the first, from the collectives they have in
 * common; of ranks that have none with the first, by way of one that has. Times are to be shifted
 * only where those of the files cannot be: where a collective would have ended on one rank before
 * another had begun it, and the distance is well beyond what the estimate scatters.
 *
 * @param labels what a sentence calls each trace
 */
export function rankClocks(traces: readonly Trace[], labels: readonly string[]): RankClock[] {
  const parts = traces.map((trace, i) => ({
    trace,
    label: labels[i],
    series: collectiveSeries(trace),
  }));
  const clocks: (RankClock | undefined)[] = traces.map(() => undefined);
  const refusals: (NoSkew | undefined)[] = traces.map(() => undefined);
  clocks[0] = {
    ...NO_CLOCK,
    note: `The clocks of the other ranks are compared with that of ${labels[0]}.`,
  };
  const placed = [0];
  // Who was placed last may have collectives in common with those that were not.
  for (let at = 0; at < placed.length && at < MOST_COMPARED; at++) {
    const known = placed[at];
    for (const [i, part] of parts.entries()) {
      if (clocks[i] !== undefined) {
        continue;
      }
      const found = skewOfParts(parts[known], part);
      if ('skewNs' in found) {
        clocks[i] = clockOf(part, parts[known], clocks[known] ?? NO_CLOCK, found);
        placed.push(i);
      } else if (found.matches > (refusals[i]?.matches ?? -1)) {
        refusals[i] = found;
      }
    }
  }
  return clocks.map((clock, i) => clock ?? unknownClock(labels[i], labels[0], refusals[i]));
}

const NO_CLOCK: RankClock = {
  against: '',
  skewNs: 0,
  spreadNs: 0,
  matches: 0,
  shiftNs: 0,
  note: '',
};

function skewOfParts(a: Part, b: Part): Skew | NoSkew {
  const without = [a, b].filter(({ series }) => series.size === 0).map(({ label }) => label);
  if (without.length === 1) {
    return { reason: `${without[0]} has no collectives to compare`, matches: 0 };
  }
  const distance = Number(b.trace.clock.originNs - a.trace.clock.originNs);
  return skewBetween(a.series, b.series, distance);
}

function clockOf(part: Part, against: Part, other: RankClock, found: Skew): RankClock {
  const skewNs = Math.round((other.skewNs ?? 0) + found.skewNs);
  const spreadNs = (other.spreadNs ?? 0) + found.spreadNs;
  const far = Math.abs(skewNs) > Math.max(LEAST_CORRECTED, SPREADS_CORRECTED * spreadNs);
  // Ranks of one host share its clock: what is shifted takes the others along.
  const needed = found.impossible > 0 || other.shiftNs !== 0;
  const shiftNs = far && needed ? -skewNs : 0;
  const drift =
    found.driftNs === 0
      ? ''
      : ` It drifts: by ${durationText(Math.abs(found.driftNs))} from the first to the last third of them.`;
  const distance =
    Math.abs(found.skewNs) < 1
      ? 'agrees with'
      : `is ${durationText(Math.abs(found.skewNs))} ${found.skewNs > 0 ? 'ahead of' : 'behind'}`;
  const evidence = `from ${grouped(found.matches)} matching collectives, spread ${durationText(found.spreadNs)}`;
  return {
    against: against.label,
    skewNs,
    spreadNs,
    matches: found.matches,
    shiftNs,
    note:
      `The clock of ${part.label} ${distance} that of ${against.label}, ${evidence}. ` +
      (shiftNs === 0
        ? 'Its times are as in the file.'
        : `${shiftNs > 0 ? 'Added to' : 'Taken off'} its times: ${durationText(Math.abs(shiftNs))}` +
          (found.impossible === 0
            ? '.'
            : `; else ${grouped(found.impossible)} of them would have ended on one rank before the other had begun them.`)) +
      drift,
  };
}

/**
 * The clock of a rank whose file was laid together from those of several before: what was found then holds,
 * and with it what is found of the whole file now.
 *
 * @param file of the rank the others of its file were compared with
 * @param within of the rank, within its file; undefined where the file is one rank's or has one clock
 */
export function clockOfRank(file: RankClock, within: RankClock | undefined): RankClock {
  if (within === undefined || within.against === '') {
    return file;
  }
  const { skewNs, spreadNs } = within;
  const isKnown = skewNs !== null && spreadNs !== null;
  const isCompared = file.skewNs !== null && file.spreadNs !== null;
  const moved =
    file.shiftNs === 0
      ? ''
      : ` Then ${durationText(Math.abs(file.shiftNs))} ${file.shiftNs > 0 ? 'added to' : 'taken off'} the times of all ranks of its file.`;
  return {
    against: within.against,
    skewNs: isKnown && isCompared ? (file.skewNs ?? 0) + skewNs : null,
    spreadNs: isKnown && isCompared ? (file.spreadNs ?? 0) + spreadNs : null,
    matches: within.matches,
    shiftNs: file.shiftNs + within.shiftNs,
    note: `${within.note}${moved}${isCompared ? '' : ` ${file.note}`}`,
  };
}

function unknownClock(label: string, first: string, refusal: NoSkew | undefined): RankClock {
  return {
    against: first,
    skewNs: null,
    spreadNs: null,
    matches: refusal?.matches ?? 0,
    shiftNs: 0,
    note: `How far the clock of ${label} is from that of ${first} cannot be told: ${refusal?.reason ?? 'there are no collectives to compare'}.`,
  };
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
