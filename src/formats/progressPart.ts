import type { ReadOptions } from './reader.js';

/** Options for one of several readings: its progress is told as a part of the whole. @param index from 0 */
export function progressPart(options: ReadOptions, index: number, count: number): ReadOptions {
  const { progress } = options;
  if (progress === undefined) {
    return options;
  }
  return {
    ...options,
    progress: ({ stage, fraction }) =>
      progress({ stage, fraction: (index + (fraction ?? 0)) / count }),
  };
}
