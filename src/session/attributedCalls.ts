import { fileMicros } from '../analysis/fileTime.js';
import { lookedAt } from '../analysis/lookedAt.js';
import { unclassifiedReasons } from '../analysis/unclassifiedReason.js';
import {
  layerTypeOf,
  measuredColumns,
  METHODS,
  type LayerLabels,
  type Trace,
} from '../trace/index.js';
import type { AttributedCall } from './session.js';

/**
 * Labels of `count` calls from `from` on, in time order, with the times as the file states them.
 *
 * @param explain whether each call also says which rule decided and what was looked at
 */
export function attributedCalls(
  trace: Trace,
  labels: LayerLabels,
  from: number,
  count: number,
  explain = false,
): AttributedCall[] {
  const columns = measuredColumns(trace);
  const explained = explain ? explanations(trace, labels) : () => ({});
  const ranks = rankCells(trace);
  const end = Math.min(columns.count, from + count);
  const calls: AttributedCall[] = [];
  for (let i = Math.max(0, from); i < end; i++) {
    const lane = trace.lanes[columns.lane[i]];
    const index = labels.index[i];
    calls.push({
      ts_us: fileMicros(trace, columns.start[i], lane.rank),
      dur_us: (columns.duration[i] / 1000).toFixed(3),
      device: lane.device < 0 ? '' : String(lane.device),
      stream: lane.kind === 'stream' ? lane.id : '',
      name: trace.names.get(columns.name[i]),
      layer_type: layerTypeOf(labels.type[i]).key,
      layer_index: index < 0 ? '' : String(index),
      module: trace.names.get(labels.module[i]),
      method: METHODS[labels.method[i]],
      ...ranks[lane.rank],
      ...explained(i),
    });
  }
  return calls;
}

/** What the calls of each rank say of it: nothing where there is only one. */
function rankCells({ ranks }: Trace): readonly Pick<AttributedCall, 'rank'>[] {
  return ranks.length < 2
    ? ranks.map(() => ({}))
    : ranks.map(({ rank, label }, i) => {
        const tells = rank >= 0 && ranks.every((other, j) => j === i || other.rank !== rank);
        return { rank: tells ? String(rank) : label };
      });
}

/** For a call the rule that decided, or why it stayed unclassified, and what was looked at. */
function explanations(
  trace: Trace,
  labels: LayerLabels,
): (call: number) => Pick<AttributedCall, 'rule' | 'why'> {
  const reason = unclassifiedReasons(trace, labels);
  const why = lookedAt(trace);
  return (call) => ({ rule: reason(call) || labels.rules[labels.rule[call]], why: why(call) });
}
