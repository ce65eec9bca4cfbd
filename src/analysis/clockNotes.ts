import type { Rank } from '../trace/index.js';
import { formatCount, formatMicros } from './format.js';

/** Ranks that are told of one by one before they are summed up. */
const ONE_BY_ONE = 3;

/** How the clocks of the ranks lie to one another, as sentences; none where one file was read. */
export function clockNotes(ranks: readonly Rank[]): readonly string[] {
  const clocks = ranks.flatMap(({ clock }) =>
    clock === undefined || clock.against === '' ? [] : [clock],
  );
  const shifted = clocks.filter(({ shiftNs }) => shiftNs !== 0);
  const unknown = clocks.filter(({ skewNs }) => skewNs === null);
  const agreeing = clocks.filter(({ skewNs, shiftNs }) => skewNs !== null && shiftNs === 0);
  const notes = (some: typeof clocks) => some.slice(0, ONE_BY_ONE).map(({ note }) => note);
  const more = (some: typeof clocks, what: string) =>
    some.length > ONE_BY_ONE
      ? [`${formatCount(some.length - ONE_BY_ONE)} more ranks ${what} (SQL view ranks).`]
      : [];
  const first = ranks.find(({ clock }) => clock?.against === '')?.label ?? '';
  return [
    ...notes(shifted),
    ...more(shifted, 'were set to one clock likewise'),
    ...notes(unknown),
    ...more(unknown, 'have clocks of which the same is not known'),
    ...(agreeing.length <= ONE_BY_ONE
      ? notes(agreeing)
      : [
          `The clocks of ${formatCount(agreeing.length)} ranks are within ${formatMicros(
            Math.max(...agreeing.map(({ skewNs }) => Math.abs(skewNs ?? 0))),
          )} µs of that of ${first}, each from at least ${formatCount(
            Math.min(...agreeing.map(({ matches }) => matches)),
          )} matching collectives. Their times are as in the files.`,
        ]),
  ];
}
