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
  const { start, duration, count } = measuredColumns(trace);
  const time = Number(ns - fileZero(trace));
  // Starts are doubles that may miss their nanosecond by less than half of one.
  const from = firstAtOrAfter(start, time - 0.5, 0, count);
  const same: number[] = [];
  for (let call = from; call < count && Math.round(start[call]) === time; call++) {
    same.push(call);
  }
  if (same.length > 0) {
    const [call, ...others] = same;
    return { call, note: others.length === 0 ? '' : othersNote(others) };
  }
  for (let call = from - 1; call >= 0; call--) {
    if (start[call] + duration[call] > time) {
      return { call, note: `Nothing starts at ${atUs} µs; this call was running then.` };
    }
  }
  const what = timeKindOf(trace) === 'gpu' ? 'GPU event' : 'API call';
  if (count === 0) {
    throw new NoSuchCallError(`The trace has no ${what}.`);
  }
  const near =
    from < count && (from === 0 || start[from] - time < time - start[from - 1]) ? from : from - 1;
  throw new NoSuchCallError(
    `No ${what} runs at ${atUs} µs. The nearest starts at ${fileMicros(trace, start[near])} µs (--call ${near}).`,
  );
}

function othersNote(others: readonly number[]): string {
  const named = others.slice(0, NAMED).join(', ');
  const more = others.length > NAMED ? ` and ${formatCount(others.length - NAMED)} more` : '';
  return `Other calls start at the same time: ${named}${more} (--call).`;
}
