import {
  layerTypeOf,
  measuredColumns,
  METHODS,
  type LayerLabels,
  type Trace,
} from '../trace/index.js';
import type { AttributedCall } from './session.js';

/**
 * µs with three decimals of a time in whole nanoseconds, by integers only: an epoch in nanoseconds
 * passes 2^53.
 */
function microsText(ns: bigint): string {
  const sign = ns < 0n ? '-' : '';
  const digits = (ns < 0n ? -ns : ns).toString().padStart(4, '0');
  return `${sign}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

/** Labels of `count` calls from `from` on, in time order, with the times as the file states them. */
export function attributedCalls(
  trace: Trace,
  labels: LayerLabels,
  from: number,
  count: number,
): AttributedCall[] {
  const columns = measuredColumns(trace);
  const fileZero = trace.clock.originNs - trace.clock.fileBaseNs;
  const end = Math.min(columns.count, from + count);
  const calls: AttributedCall[] = [];
  for (let i = Math.max(0, from); i < end; i++) {
    const lane = trace.lanes[columns.lane[i]];
    const index = labels.index[i];
    calls.push({
      ts_us: microsText(fileZero + BigInt(Math.round(columns.start[i]))),
      dur_us: (columns.duration[i] / 1000).toFixed(3),
      device: lane.device < 0 ? '' : String(lane.device),
      stream: lane.kind === 'stream' ? lane.id : '',
      name: trace.names.get(columns.name[i]),
      layer_type: layerTypeOf(labels.type[i]).key,
      layer_index: index < 0 ? '' : String(index),
      module: trace.names.get(labels.module[i]),
      method: METHODS[labels.method[i]],
    });
  }
  return calls;
}
