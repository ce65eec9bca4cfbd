import * as vscode from 'vscode';
import { formatCountOf, formatKept, formatMicros, formatRatio } from '../analysis/format.js';
import type { DecompositionRow } from '../analysis/results.js';
import type { CallOptions, SourceHint, TraceSession } from '../session/session.js';
import { moduleClasses } from './moduleClasses.js';
import { noticeName } from './notice.js';

/** Calls looked at for one that leads to code, and calls asked for at once. */
const MOST_CALLS = 200_000;
const CALLS_AT_ONCE = 20_000;
/** Calls of one layer type whose hints are asked for before giving up. */
const MOST_TRIED = 20;

interface LayerItem extends vscode.QuickPickItem {
  /** finds the hints; called for the chosen one only */
  hints?(): Promise<readonly SourceHint[]>;
}

/**
 * Lets the user choose a layer type or a module class of the trace.
 * @returns the hints to its code; undefined where the user chose none
 */
export async function chooseLayer(
  session: TraceSession,
  signal: AbortSignal,
): Promise<readonly SourceHint[] | undefined> {
  const options: CallOptions = { signal };
  const [types, modules] = await Promise.all([
    session.decompose({ by: 'layer-type' }, options),
    session.decompose({ by: 'module' }, options),
  ]);
  const items: LayerItem[] = [
    { label: 'Layer types', kind: vscode.QuickPickItemKind.Separator },
    ...types.rows.map((row) => ({
      label: noticeName(row.label),
      description: figures(row),
      hints: () => hintsOfType(session, row, options),
    })),
  ];
  const classes = moduleClasses(modules.rows);
  if (classes.length > 0) {
    items.push({ label: 'Module classes', kind: vscode.QuickPickItemKind.Separator });
    for (const { name, calls } of classes) {
      items.push({
        label: noticeName(name),
        description: formatCountOf(calls, 'call'),
        hints: async () => [{ kind: 'class', file: '', line: 0, symbol: name }],
      });
    }
  }
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Layerscope: Go to Layer Code',
    placeHolder: 'No call is selected. Which layer?',
    matchOnDescription: true,
  });
  return chosen?.hints?.();
}

function figures(row: DecompositionRow): string {
  const kept = formatKept(row.calls, row.counted);
  const tail = `p50 ${formatMicros(row.p50_ns)} µs, p99 ${formatMicros(row.p99_ns)} µs, ${formatRatio(row.tail_ratio)}`;
  return kept === '' ? tail : `${tail}, ${kept}`;
}

/** Hints of a call of this type: of its worst stall where that leads to code, else of an early call. */
async function hintsOfType(
  session: TraceSession,
  row: DecompositionRow,
  options: CallOptions,
): Promise<readonly SourceHint[]> {
  const { stalls } = await session.stalls({ layerType: row.key, limit: MOST_TRIED }, options);
  let best: readonly SourceHint[] = [];
  for (const stall of stalls) {
    const hints = await session.sourceHints({ call: stall.call }, options);
    if (hints.length > 0) {
      best = hints;
      break;
    }
  }
  let tried = 0;
  for (let from = 0; best.length === 0 && from < MOST_CALLS; from += CALLS_AT_ONCE) {
    const calls = await session.attributed({ from, count: CALLS_AT_ONCE }, options);
    for (let i = 0; i < calls.length && best.length === 0 && tried < MOST_TRIED; i++) {
      if (calls[i].layer_type === row.key) {
        tried++;
        best = await session.sourceHints({ call: from + i }, options);
      }
    }
    if (calls.length < CALLS_AT_ONCE || tried >= MOST_TRIED) {
      break;
    }
  }
  return best;
}
