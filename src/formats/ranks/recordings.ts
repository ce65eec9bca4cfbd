import type { Trace } from '../../trace/index.js';

/**
 * Groups the traces of a run by recording. A run may have been recorded several times, one time after
 * another: SGLang writes a file a stage (`TP-0-EXTEND`, `TP-0-DECODE`), PyTorch's profiler one a cycle of its
 * schedule. Then several files state one rank, and do not overlap; collectives of different recordings are
 * not the same ones, and clocks told from them would be wrong.
 *
 * @returns for each trace the number of its recording, from 0 in order of time. All 0 where no rank was
 *   recorded twice, or where files of one rank overlap: then their numbers are wrong, and say nothing.
 */
export function recordings(traces: readonly Trace[]): number[] {
  const spans = traces.map(spanOf);
  const byRank = new Map<number, Span[]>();
  for (const span of spans) {
    if (span.rank >= 0) {
      byRank.set(span.rank, [...(byRank.get(span.rank) ?? []), span]);
    }
  }
  const most = [...byRank.values()].reduce<readonly Span[]>(
    (longest, own) => (own.length > longest.length ? own : longest),
    [],
  );
  if (most.length < 2 || [...byRank.values()].some(overlapThemselves)) {
    return traces.map(() => 0);
  }
  const groups = most.map((span) => [span]);
  for (const span of spans) {
    if (!most.includes(span)) {
      groupOf(span, groups).push(span);
    }
  }
  const order = groups.sort((a, b) => (earliest(a) < earliest(b) ? -1 : 1));
  return spans.map((span) => order.findIndex((group) => group.includes(span)));
}

interface Span {
  readonly rank: number;
  /** ns since the epoch of the clock */
  readonly start: bigint;
  readonly end: bigint;
}

function spanOf({ ranks, clock, spanNs }: Trace): Span {
  const only = ranks.length === 1 ? ranks[0].rank : -1;
  const { originNs } = clock;
  return { rank: only, start: originNs, end: originNs + BigInt(Math.ceil(spanNs)) };
}

/** The group whose recording a span shares the most time with and whose rank it has not; else a new one. */
function groupOf(span: Span, groups: Span[][]): Span[] {
  let best: Span[] | undefined;
  let most = 0n;
  for (const group of groups) {
    const shared = sharedNs(span, group[0]);
    const isTaken = span.rank >= 0 && group.some(({ rank }) => rank === span.rank);
    if (shared > most && !isTaken) {
      [best, most] = [group, shared];
    }
  }
  if (best === undefined) {
    best = [];
    groups.push(best);
  }
  return best;
}

function overlapThemselves(spans: readonly Span[]): boolean {
  return spans.some((a, i) => spans.some((b, j) => j > i && sharedNs(a, b) > 0n));
}

function sharedNs(a: Span, b: Span): bigint {
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  return end > start ? end - start : 0n;
}

function earliest(group: readonly Span[]): bigint {
  return group.reduce((least, { start }) => (start < least ? start : least), group[0].start);
}
