import { MOST_NS } from './exactTime.js';

/** How a format words what a row lacks. */
export interface TimeWords {
  readonly noStart: string;
  readonly noDuration: string;
  readonly negative: string;
}

/** Of rows that state a time and a duration. */
export const STATED_DURATION: TimeWords = {
  noStart: 'no timestamp',
  noDuration: 'no duration',
  negative: 'a negative duration',
};

/** Of rows that state a start and an end. */
export const START_AND_END: TimeWords = {
  noStart: 'no start or no end',
  noDuration: 'no start or no end',
  negative: 'a negative duration',
};

/**
 * Why a row's times, ns, cannot be shown, as `RowSkips` counts it; '' where they can. Of several reasons
 * the first counts: no start, a start too far from the others, no duration, a negative one, one too long.
 */
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
