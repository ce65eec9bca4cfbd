import { MOST_NS } from './exactTime.js';

/** How a format words what a row lacks. */
export interface TimeWords {
  readonly noStart: string;
  readonly noDuration: string;
  readonly negative: string;
}

/** Why a row's times, ns, cannot be shown, as `RowSkips` counts it; '' where they can. */
export function unusableTimes(start: number, duration: number, words: TimeWords): string {
  if (Number.isNaN(start)) {
    return words.noStart;
  }
  if (Math.abs(start) >= MOST_NS) {
    return 'a time more than 104 days from the others';
  }
  if (Number.isNaN(duration)) {
    return words.noDuration;
  }
  if (duration < 0) {
    return words.negative;
  }
  return duration >= MOST_NS ? 'a duration of more than 104 days' : '';
}
