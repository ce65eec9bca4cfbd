import type { CounterTrack } from '../trace/index.js';
import { exactSum } from './exactSum.js';
import type { CounterFigures } from './results.js';

/** What a track is and between which values it moves; plain data. */
export function counterFigures({
  name,
  unit,
  rank,
  device,
  source,
  value,
}: CounterTrack): CounterFigures {
  let [min, max] = [Infinity, -Infinity];
  for (const one of value) {
    min = Math.min(min, one);
    max = Math.max(max, one);
  }
  const mean = exactSum(value) / value.length;
  return { name, unit, rank, device, source, samples: value.length, min, mean, max };
}
