import { timeKindOf, type Trace, type Warning } from '../../trace/index.js';
import { durationText } from './durationText.js';
import { listed } from './fileNames.js';

/**
 * What is odd about traces as ranks of one run: times that do not overlap, the same recording twice, and
 * ranks without what the others are measured by.
 *
 * @param shifts ns from the start of the joined trace to that of each
 * @param labels what a sentence calls each
 * @param isRepeated whether the run was recorded several times, one after another, which is said elsewhere
 */
export function companyWarnings(
  parts: readonly Trace[],
  shifts: readonly number[],
  labels: readonly string[],
  isRepeated: boolean,
): Warning[] {
  return [
    ...(isRepeated ? [] : apart(parts, shifts, labels)),
    ...copies(parts, labels),
    ...withoutGpuEvents(parts, labels),
  ];
}

/** Ranks of one run are recorded at the same time. */
function apart(
  parts: readonly Trace[],
  shifts: readonly number[],
  labels: readonly string[],
): Warning[] {
  const order = [...parts.keys()].sort((a, b) => shifts[a] - shifts[b]);
  const groups: { labels: string[]; end: number }[] = [];
  let gap = 0;
  for (const part of order) {
    const [start, end] = [shifts[part], shifts[part] + parts[part].spanNs];
    const last = groups.at(-1);
    if (last === undefined || start > last.end) {
      gap = Math.max(gap, last === undefined ? 0 : start - last.end);
      groups.push({ labels: [labels[part]], end });
    } else {
      last.labels.push(labels[part]);
      last.end = Math.max(last.end, end);
    }
  }
  if (groups.length < 2) {
    return [];
  }
  const said = groups.slice(0, 3).map((group) => listed(group.labels));
  const more = groups.length > 3 ? `; and ${groups.length - 3} more groups` : '';
  return [
    {
      code: 'not-at-once',
      message: `By their clocks the files were not recorded at the same time: ${said.join('; then ')}${more}, with up to ${durationText(gap)} between them. They may be of different runs, or of hosts whose clocks differ; span and duty cycle count the time between.`,
      rows: 0,
    },
  ];
}

/** One recording under several names. */
function copies(parts: readonly Trace[], labels: readonly string[]): Warning[] {
  const seen = new Map<string, { readonly first: number; readonly copies: string[] }>();
  parts.forEach((part, i) => {
    const { clock, spanNs, gpu, launches, ranges, host } = part;
    const counts = [gpu, launches, ranges, host].map(({ count }) => count);
    const key = [clock.originNs, spanNs, ...counts].join();
    const before = seen.get(key);
    if (before === undefined) {
      seen.set(key, { first: i, copies: [] });
    } else if (haveSameTimes(part, parts[before.first])) {
      before.copies.push(labels[i]);
    }
  });
  return [...seen.values()].flatMap(({ first, copies: names }) =>
    names.length === 0
      ? []
      : {
          code: 'same-recording',
          message: `${listed(names)} ${names.length === 1 ? 'holds' : 'hold'} the same events as ${labels[first]}: every sum and count has them ${names.length === 1 ? 'twice' : `${names.length + 1} times`}.`,
          rows: 0,
        },
  );
}

function haveSameTimes(a: Trace, b: Trace): boolean {
  return (['gpu', 'launches', 'ranges', 'host'] as const).every((table) =>
    (['start', 'duration'] as const).every((column) =>
      a[table][column].every((time, i) => time === b[table][column][i]),
    ),
  );
}

/** Figures are of GPU events where any rank has some. */
function withoutGpuEvents(parts: readonly Trace[], labels: readonly string[]): Warning[] {
  const without = labels.filter((_, i) => parts[i].gpu.count === 0);
  return without.length === 0 || parts.every((part) => timeKindOf(part) === 'host_api')
    ? []
    : [
        {
          code: 'rank-without-gpu-events',
          message: `${listed(without)} ${without.length === 1 ? 'has' : 'have'} no GPU events: figures of GPU time are of the other ranks alone.`,
          rows: 0,
        },
      ];
}
