import type { Trace } from '../../trace/index.js';

/**
 * Groups the traces of a run by recording. A run may have been recorded several times, one time after
 * another: SGLang writes a file a stage (`TP-0-EXTEND`, `TP-0-DECODE`), PyTorch's profiler one a cycle of its
 * schedule. Then several files state one rank, and do not overlap; collectives of different recordings are
 * not the same ones, and clocks told from them would be wrong. A file that states no rank is told by its
 * process.
 *
 * @returns for each trace the number of its recording, from 0 in order of time. All 0 where nothing was
 *   recorded twice, or where files of one rank overlap: then their numbers are wrong, and say nothing.
 */
export function recordings(traces: readonly Trace[]): number[] {
  const spans = traces.map(spanOf);
  const byOwner = new Map<string, Span[]>();
  for (const span of spans) {
    if (span.owner !== '') {
      byOwner.set(span.owner, [...(byOwner.get(span.owner) ?? []), span]);
    }
  }
  const most = [...byOwner.values()].reduce<readonly Span[]>(
    (longest, own) => (own.length > longest.length ? own : longest),
    [],
  );
  if (most.length < 2 || [...byOwner.values()].some(overlapThemselves)) {
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
  /** the rank, or the process where none is stated; '' where neither is known */
  readonly owner: string;
  /** ns since the epoch of the clock */
  readonly start: bigint;
  readonly end: bigint;
}

function spanOf(trace: Trace): Span {
  const { originNs } = trace.clock;
  return {
    owner: ownerOf(trace),
    start: originNs,
    end: originNs + BigInt(Math.ceil(trace.spanNs)),
  };
}

function ownerOf({ ranks, launches, lanes }: Trace): string {
  if (ranks.length !== 1) {
    return '';
  }
  if (ranks[0].rank >= 0) {
    return `rank ${ranks[0].rank}`;
  }
  const process = launches.count > 0 ? lanes[launches.lane[0]].process : '';
  return process === '' ? '' : `process ${process}`;
}

/** The group that a span shares the most time with and that has nothing of its rank; else a new one. */
function groupOf(span: Span, groups: Span[][]): Span[] {
  let best: Span[] | undefined;
  let most = 0n;
  for (const group of groups) {
    const shared = sharedNs(span, group[0]);
    const isTaken = span.owner !== '' && group.some(({ owner }) => owner === span.owner);
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
