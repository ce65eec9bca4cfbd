const HOUR = 3600e9;
const DAY = 24 * HOUR;

/** "12.5 µs", "3.2 ms", "17.0 s", "2.5 hours", "3 days" */
export function durationText(ns: number): string {
  const [divisor, unit, digits] =
    ns < 1e6
      ? [1e3, 'µs', 1]
      : ns < 1e9
        ? [1e6, 'ms', 1]
        : ns < 2 * HOUR
          ? [1e9, 's', 3]
          : ns < 2 * DAY
            ? [HOUR, 'hours', 1]
            : [DAY, 'days', 1];
  return `${(ns / divisor).toLocaleString('en-US', { maximumFractionDigits: digits })} ${unit}`;
}
