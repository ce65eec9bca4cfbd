import type { Trace } from '../trace/index.js';
import { CurveRow } from './curveRow.js';
import { counterPlace } from './laneNames.js';
import { COUNTER, type TimelineRow } from './results.js';

/** One row of the timeline that is a curve. */
export interface BuiltCurve {
  readonly row: TimelineRow;
  readonly curve: CurveRow;
}

/** A row for each counter of a trace, those of one GPU under one heading, then those of the host. */
export function counterRows(trace: Trace): readonly BuiltCurve[] {
  const onGpu = trace.counters.filter(({ device }) => device >= 0);
  const onHost = trace.counters.filter(({ device }) => device < 0);
  return [...onGpu, ...onHost].map((track) => {
    const { name, unit, time, value } = track;
    const curve = new CurveRow(time, value);
    const low = Math.min(0, curve.low);
    const high = Math.max(unit === '%' ? 100 : 0, curve.high);
    return {
      row: {
        group: `${counterPlace(trace, track)} counters`,
        level: COUNTER,
        label: unit === '' ? name : `${name} (${unit})`,
        busy: null,
        // Of a counter that is always 0 the scale still has a height.
        scale: { unit, low, high: high > low ? high : low + 1 },
      },
      curve,
    };
  });
}
