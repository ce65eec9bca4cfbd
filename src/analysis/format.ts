import { format } from 'd3-format';

/**
 * Figures as people read them, the same in the terminal, the editor and a pull request. The locale is
 * fixed: a figure copied from one machine must be found by a text search on another.
 */

/** What stands where there is no figure. */
export const NO_FIGURE = '–';

const grouped = format(',.0f');
const oneDecimal = format(',.1f');
const twoDecimals = format(',.2f');

/** "6,400". Whole numbers of anything. */
export function formatCount(n: number): string {
  return grouped(n);
}

/** "1 call", "6,400 calls". */
export function formatCountOf(n: number, what: string): string {
  return `${formatCount(n)} ${what}${n === 1 ? '' : 's'}`;
}

/** A number of calls that a recorder counted: "5,120"; "unknown" where its file does not say. */
export function formatCounted(counted: number | null): string {
  return counted === null ? 'unknown' : formatCount(counted);
}

/** What a recorder kept of the calls it counted: "120 of 5,120 counted", "120 of unknown counted"; '' where it kept all. */
export function formatKept(calls: number, counted: number | null): string {
  return counted === calls ? '' : `${formatCount(calls)} of ${formatCounted(counted)} counted`;
}

/**
 * A duration in µs without its unit, for columns headed "µs": "12,400", "42", "9.3", "0.52".
 * Below 10 µs the fraction is a difference worth reading; above it is noise.
 *
 * @param ns nanoseconds; null and NaN give a dash
 */
export function formatMicros(ns: number | null): string {
  if (ns === null || Number.isNaN(ns)) {
    return NO_FIGURE;
  }
  const micros = ns / 1000;
  if (micros === 0) {
    return '0';
  }
  if (Math.abs(micros) >= 9.95) {
    return grouped(micros);
  }
  return Math.abs(micros) >= 0.995 ? oneDecimal(micros) : twoDecimals(micros);
}

const DURATION_UNITS = [
  { ns: 1e9, unit: 's' },
  { ns: 1e6, unit: 'ms' },
  { ns: 1e3, unit: 'µs' },
  { ns: 1, unit: 'ns' },
] as const;

/** A duration with the unit that fits, three digits of it: "12.4 ms", "830 ns", "60.0 s". */
export function formatDuration(ns: number | null): string {
  if (ns === null || Number.isNaN(ns)) {
    return NO_FIGURE;
  }
  return inUnit(
    ns,
    DURATION_UNITS.map((u) => ({ size: u.ns, unit: u.unit })),
  );
}

const BYTE_UNITS = [
  { size: 1e12, unit: 'TB' },
  { size: 1e9, unit: 'GB' },
  { size: 1e6, unit: 'MB' },
  { size: 1e3, unit: 'kB' },
  { size: 1, unit: 'B' },
] as const;

/** Bytes in decimal units: "10.5 GB". */
export function formatBytes(bytes: number): string {
  return Number.isNaN(bytes) ? NO_FIGURE : inUnit(bytes, BYTE_UNITS);
}

const threeDecimals = format(',.3~f');
const exponential = format('.3~e');

/** A counter's value: "97 %", "1,980 MHz", "10.5 GB", "0.125"; very small and very large ones as "1.5e-7". */
export function formatSample(value: number, unit: string): string {
  if (unit === 'bytes') {
    return formatBytes(value);
  }
  if (Number.isNaN(value)) {
    return NO_FIGURE;
  }
  const size = Math.abs(value);
  const text = value === 0 || (size >= 0.001 && size < 1e15) ? threeDecimals : exponential;
  // The locale's minus sign would hide it from a search.
  return `${text(value).replace('\u2212', '-')}${unit === '' ? '' : ` ${unit}`}`;
}

/** p99 / p50 and the like: "2.3x", "69x", "1,204x". */
export function formatRatio(ratio: number | null): string {
  if (ratio === null || Number.isNaN(ratio)) {
    return NO_FIGURE;
  }
  return `${ratio < 9.95 ? oneDecimal(ratio) : grouped(ratio)}x`;
}

/**
 * A share of 0 to 1 as percent: "49.1 %", "100 %". What is not quite nothing or not quite all is not
 * rounded to it: "<0.1 %", ">99.9 %".
 */
export function formatShare(share: number | null): string {
  if (share === null || Number.isNaN(share)) {
    return NO_FIGURE;
  }
  const percent = share * 100;
  // A sum of a million doubles may miss 1 by a few parts in 10^12: that is all of it.
  if (Math.abs(share - 1) < 1e-9) {
    return '100 %';
  }
  if (share === 0) {
    return '0 %';
  }
  if (percent > 0 && percent < 0.05) {
    return '<0.1 %';
  }
  if (percent < 100 && percent >= 99.95) {
    return '>99.9 %';
  }
  return `${oneDecimal(percent).replace(/\.0$/, '')} %`;
}

/** `value` in the largest unit it reaches, three significant digits, whole numbers grouped. */
function inUnit(value: number, units: readonly { size: number; unit: string }[]): string {
  const magnitude = Math.abs(value);
  const smallest = units[units.length - 1];
  for (const { size, unit } of units) {
    // 999.6 µs reads "1.00 ms", not "1,000 µs"; the smallest unit takes what is left.
    if (magnitude >= size * 0.9995 || size === smallest.size) {
      const amount = value / size;
      const digits = Math.abs(amount);
      if (Number.isInteger(amount) && digits < 1000) {
        return `${amount} ${unit}`;
      }
      const text =
        digits >= 99.95
          ? grouped(amount)
          : digits >= 9.995
            ? oneDecimal(amount)
            : twoDecimals(amount);
      return `${text} ${unit}`;
    }
  }
  return NO_FIGURE;
}
