import { measuredColumns, timeKindOf } from '../trace/index.js';
import type { Trace } from '../trace/index.js';
import { fileMicros, fileZero, nanosOfMicros } from './fileTime.js';
import { formatCount } from './format.js';
import { firstAtOrAfter } from './search.js';

/** A call was asked for that the trace does not have; the message is a sentence for whoever asked. */
export class NoSuchCallError extends Error {
  override readonly name = 'NoSuchCallError';
}

export interface CallAt {
  /** index in `measuredColumns(trace)` */
  readonly call: number;
  /** how the time led to this call, where it was not the only answer; '' else */
  readonly note: string;
}

/** Calls named in a note. */
const NAMED = 5;

/**
 * The call that starts at a time, else the last one to have started of those that run then.
 *
 * @param atUs µs as the file states times, as text: an epoch in ns passes 2^53
 * @throws NoSuchCallError where none runs then, or the text is no time
 */
export function callAt(trace: Trace, atUs: string): CallAt {
  const ns = nanosOfMicros(atUs);
  if (ns === undefined) {
    throw new NoSuchCallError(`'${atUs}' is no time in µs, such as 1234567.890.`);
  }
  const { start, duration, lane, count } = measuredColumns(trace);
  const rankOf = (call: number): number => trace.lanes[lane[call]].rank;
  // Files whose clocks were set right call the same moment by different times.
  const zeros = trace.ranks.map((_, rank) => fileZero(trace, rank));
  const clocks = [...new Set(zeros)].map((zero) => {
    const time = Number(ns - zero);
    // Starts are doubles that may miss their nanosecond by less than half of one.
    const from = firstAtOrAfter(start, time - 0.5, 0, count);
    return { zero, time, from };
  });
  const same = clocks.flatMap(({ zero, time, from }) => {
    const calls: number[] = [];
    for (let call = from; call < count && Math.round(start[call]) === time; call++) {
      if (zeros[rankOf(call)] === zero) {
        calls.push(call);
      }
    }
    return calls;
  });
  if (same.length > 0) {
    const [call, ...others] = same;
    return { call, note: others.length === 0 ? '' : othersNote(others) };
  }
  const running = clocks.flatMap(({ zero, time, from }) => {
    for (let call = from - 1; call >= 0; call--) {
      if (zeros[rankOf(call)] === zero && start[call] + duration[call] > time) {
        return [{ call, sinceNs: time - start[call] }];
      }
    }
    return [];
  });
  if (running.length > 0) {
    const { call } = running.reduce((a, b) => (b.sinceNs < a.sinceNs ? b : a));
    return { call, note: `Nothing starts at ${atUs} µs; this call was running then.` };
  }
  const what = timeKindOf(trace) === 'gpu' ? 'GPU event' : 'API call';
  if (count === 0) {
    throw new NoSuchCallError(`The trace has no ${what}.`);
  }
  let near = -1;
  let nearestNs = Infinity;
  for (const { zero, time, from } of clocks) {
    let [before, after] = [from - 1, from];
    while (before >= 0 && zeros[rankOf(before)] !== zero) before--;
    while (after < count && zeros[rankOf(after)] !== zero) after++;
    for (const call of [before, after]) {
      if (call >= 0 && call < count && Math.abs(start[call] - time) < nearestNs) {
        near = call;
        nearestNs = Math.abs(start[call] - time);
      }
    }
  }
  const nearUs = fileMicros(trace, start[near], rankOf(near));
  throw new NoSuchCallError(
    `No ${what} runs at ${atUs} µs. The nearest starts at ${nearUs} µs (--call ${near}).`,
  );
}

function othersNote(others: readonly number[]): string {
  const named = others.slice(0, NAMED).join(', ');
  const more = others.length > NAMED ? ` and ${formatCount(others.length - NAMED)} more` : '';
  return `Other calls start at the same time: ${named}${more} (--call).`;
}
