import { exportParts } from '../../../src/exchange/exportParts.js';
import type { ExportReport, ExportRequest } from '../../../src/exchange/exportRequest.js';
import type { LabelledExport } from '../../../src/exchange/database/writeDatabase.js';
import { attribute } from '../../../src/layers/attribute.js';
import { loadNodeSqlJs } from '../../../src/sqlite/nodeSqlJs.js';
import { newSqlJsDatabase } from '../../../src/sqlite/sqlJsEngine.js';
import type { AttributionBasis, LayerLabels, Trace } from '../../../src/trace/index.js';

export const NO_BASIS: AttributionBasis = { model: null, companion: [], rules: [], problems: [] };

export interface Exported {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly report: ExportReport;
  /** bytes of each part */
  readonly parts: readonly number[];
}

/** A trace written as asked, whole. */
export async function exported(
  trace: Trace,
  request: Omit<ExportRequest, 'writtenBy'>,
  labels: LayerLabels = attribute(trace),
  basis: AttributionBasis = NO_BASIS,
): Promise<Exported> {
  const labelled: LabelledExport = { trace, labels, basis };
  const database = request.to === 'database' ? newSqlJsDatabase(await loadNodeSqlJs()) : null;
  const parts = exportParts(labelled, { ...request, writtenBy: 'layerscope test' }, database);
  const chunks: Uint8Array[] = [];
  for (;;) {
    const step = parts.next();
    if (step.done === true) {
      const bytes = new Uint8Array(Buffer.concat(chunks));
      return {
        bytes,
        text: request.to === 'database' ? '' : new TextDecoder().decode(bytes),
        report: step.value,
        parts: chunks.map(({ length }) => length),
      };
    }
    if (step.value.bytes !== undefined) {
      chunks.push(step.value.bytes);
    }
  }
}

/** Labels without what made them. */
export function plainLabels(labels: LayerLabels): LayerLabels {
  const { type, index, module, method, rule, step, rules, steps } = labels;
  return { type, index, module, method, rule, step, rules, steps };
}

/** What differs between two plain values, typed arrays value by value whatever their width; none = nothing. */
export function differences(a: unknown, b: unknown, at = ''): string[] {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const [x, y] = [a, b].map((view) => Array.from(view as unknown as ArrayLike<number>));
    return x.length === y.length && x.every((value, i) => Object.is(value, y[i]))
      ? []
      : [`${at} differs`];
  }
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].flatMap((key) =>
      differences(
        (a as Record<string, unknown>)[key],
        (b as Record<string, unknown>)[key],
        `${at}.${key}`,
      ),
    );
  }
  return Object.is(a, b) ? [] : [`${at}: ${String(a)} is not ${String(b)}`];
}
