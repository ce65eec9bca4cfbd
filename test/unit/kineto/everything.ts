import type { TimedColumns, Trace } from '../../../src/trace/index.js';
import { rangePath } from './readFixture.js';

/** Rows as text with absolute times, so that they can be compared across traces. */
function rows(trace: Trace, table: TimedColumns, more: (row: number) => unknown): string[] {
  return Array.from({ length: table.count }, (_, i) => {
    const lane = trace.lanes[table.lane[i]];
    return JSON.stringify([
      String(trace.clock.originNs + BigInt(table.start[i])),
      table.duration[i],
      trace.names.get(table.name[i]),
      trace.ranks[lane.rank].label,
      lane.label,
      more(i),
    ]);
  });
}

/** Every row of the events of a trace and what it is linked to, as text that is the same in every order of files. */
export function everything(trace: Trace): Record<string, string[]> {
  const absolute = (ns: number): string => String(trace.clock.originNs + BigInt(ns));
  const launch = (i: number): unknown =>
    i < 0 ? 'none' : [absolute(trace.launches.start[i]), trace.launches.correlation?.[i]];
  return {
    gpu: rows(trace, trace.gpu, (i) => [
      trace.gpu.kind[i],
      launch(trace.gpu.launch[i]),
      trace.gpu.launch[i] < 0 ? [] : rangePath(trace, trace.gpu.launch[i]),
      trace.gpu.correlation[i],
      trace.gpu.bytes[i],
      trace.kernelShapes[trace.gpu.shape[i]],
      trace.names.get(trace.gpu.collective[i]),
      trace.gpu.replayed[i],
    ]),
    launches: rows(trace, trace.launches, (i) => rangePath(trace, i)),
    ranges: rows(trace, trace.ranges, (i) => trace.ranges.kind[i]),
    host: rows(trace, trace.host, (i) => trace.host.kind[i]),
  };
}
