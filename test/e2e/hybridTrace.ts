import { resolve } from 'node:path';
import type { TraceEditor } from './traceEditor.js';

/** The trace of the article's table; what is in it says the README beside it. */
export const HYBRID = resolve('test/fixtures/e2e/hybrid.db');

/** The table of its description: layer type, calls, p50 µs, p99 µs, tail ratio. */
export const HYBRID_LAYERS: readonly (readonly string[])[] = [
  ['Mamba SSM', '3,840', '42', '95', '2.3x'],
  ['MoE all-to-all', '640', '180', '12,400', '69x'],
  ['Transformer attention', '1,920', '88', '320', '3.6x'],
];

/** The same columns of the layer table as it is shown, without the row for all calls, by label. */
export async function shownLayers(trace: TraceEditor): Promise<string[][]> {
  return (await trace.layerRows())
    .filter(([label]) => !label.startsWith('Overall'))
    .map(([label, calls, , , p50, p99, , tail]) => [label, calls, p50, p99, tail])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
