import { measuredColumns, percentileOfSorted } from '../trace/index.js';
import type { Trace } from '../trace/index.js';
import { callStatisticsOf } from './callStatistics.js';
import { dutyCycle, dutyCycleSeries } from './dutyCycle.js';
import type { DashboardView } from './results.js';

/** What GPU dashboards say of the whole trace: how busy, and the percentiles over all calls alike. */
export function dashboard(trace: Trace): DashboardView {
  const { samples, sampleNs } = dutyCycleSeries(trace);
  const sorted = Float64Array.from(samples).sort();
  return {
    duty_cycle: dutyCycle(trace),
    duty_cycle_samples: samples,
    duty_cycle_range:
      sorted.length === 0
        ? null
        : {
            min: sorted[0],
            median: percentileOfSorted(sorted, 0.5),
            max: sorted[sorted.length - 1],
          },
    sample_ns: sampleNs,
    overall: callStatisticsOf(measuredColumns(trace).duration),
  };
}
