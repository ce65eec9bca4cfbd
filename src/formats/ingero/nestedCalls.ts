import type { LaunchColumns, Warning } from '../../trace/index.js';

/**
 * Says how many API calls ran inside another call of their thread. Both libraries are traced, and the
 * runtime calls the driver: in pytorch-173382-empty-cache.db, 680 of 1,520 cuLaunchKernel calls lie
 * inside a call of the runtime. Their time is part of both rows, so a sum over all calls has it twice.
 */
export function nestedCallWarnings(calls: LaunchColumns): Warning[] {
  const busyUntil = new Map<number, number>();
  let nested = 0;
  for (let i = 0; i < calls.count; i++) {
    const until = busyUntil.get(calls.lane[i]) ?? -Infinity;
    nested += calls.start[i] < until ? 1 : 0;
    busyUntil.set(calls.lane[i], Math.max(until, calls.start[i] + calls.duration[i]));
  }
  return nested === 0
    ? []
    : [
        {
          code: 'nested-calls',
          message: `${nested} of ${calls.count} API calls ran inside another call of their thread (the runtime calls the driver): sums over all API calls count their time twice.`,
          rows: nested,
        },
      ];
}
