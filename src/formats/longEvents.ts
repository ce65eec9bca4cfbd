import { measuredColumns, type Trace, type Warning } from '../trace/index.js';

/** With fewer calls one may well last longer than all others lie apart. */
const FEWEST = 100;

/**
 * Calls that last longer than the first and the last start of the trace lie apart. A duration of hours in a
 * trace of seconds is within what a recorder can write, and makes the span, the duty cycle and every share
 * wrong: it stays, since a kernel may run throughout, and is told.
 */
export function longerThanAllStarts(trace: Trace): Warning[] {
  const { gpu, launches, ranges, host } = trace;
  const measured = measuredColumns(trace);
  if (measured.count < FEWEST) {
    return [];
  }
  // Tables are in time order.
  const tables = [gpu, launches, ranges, host].filter(({ count }) => count > 0);
  const first = Math.min(...tables.map(({ start }) => start[0]));
  const last = Math.max(...tables.map(({ start, count }) => start[count - 1]));
  let rows = 0;
  let longest = 0;
  for (let i = 0; i < measured.count; i++) {
    if (measured.duration[i] > last - first) {
      rows++;
      longest = Math.max(longest, measured.duration[i]);
    }
  }
  if (rows === 0) {
    return [];
  }
  const what = `${measured === gpu ? 'GPU event' : 'API call'}${rows === 1 ? '' : 's'}`;
  return [
    {
      code: 'beyond-span',
      message: `${rows} ${what} ${rows === 1 ? 'lasts' : 'last'} up to ${seconds(longest)}, longer than the first and the last start of the trace lie apart (${seconds(last - first)}): either ${rows === 1 ? 'it' : 'they'} ran throughout, or the times are wrong, and with them the span, the duty cycle and every share.`,
      rows,
    },
  ];
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toPrecision(3)} s`;
}
