import type { Decomposition, DecompositionRow } from '../../src/analysis/results.js';
import {
  formatCount,
  formatCounted,
  formatMicros,
  formatRatio,
  formatShare,
} from '../../src/analysis/format.js';
import { markdownText, visibleField } from '../../src/analysis/visibleText.js';
import { METHOD_LABELS, keepsPartOfEvents } from '../../src/trace/index.js';
import { evidenceText } from '../contrast/evidence.js';

/** "module ranges 98 %, kernel names 2 %" */
export function rowEvidence(row: DecompositionRow): string {
  return evidenceText(
    row.evidence.map(({ method, share }) => ({ label: METHOD_LABELS[method], share })),
  );
}

/** The table as people paste it into a pull request. */
export function decompositionMarkdown(
  heading: string,
  decomposition: Decomposition,
  rows: readonly DecompositionRow[],
): string {
  const { overall, population, trace } = decomposition;
  const partial = keepsPartOfEvents(trace.format);
  const counted = (calls: number | null) => (partial ? [formatCounted(calls)] : []);
  const lines = [
    `| ${heading} | calls |${partial ? ' counted |' : ''} total µs | share | p50 µs | p99 µs | max µs | tail ratio | evidence |`,
    `|---|---:|${partial ? '---:|' : ''}---:|---:|---:|---:|---:|---:|---|`,
    ...rows.map((row) =>
      markdownRow([
        row.label,
        formatCount(row.calls),
        ...counted(row.counted),
        formatMicros(row.total_ns),
        formatShare(row.share),
        formatMicros(row.p50_ns),
        `${formatMicros(row.p99_ns)}${row.weak_p99 ? ' (weak)' : ''}`,
        formatMicros(row.max_ns),
        formatRatio(row.tail_ratio),
        rowEvidence(row),
      ]),
    ),
    markdownRow([
      'Overall',
      formatCount(overall.calls),
      ...counted(population.counted),
      formatMicros(overall.total_ns),
      '',
      formatMicros(overall.p50_ns),
      formatMicros(overall.p99_ns),
      formatMicros(overall.max_ns),
      formatRatio(overall.tail_ratio),
      '',
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map(markdownText).join(' | ')} |`;
}

/** The table with unrounded figures in ns, for other programs (RFC 4180). */
export function decompositionCsv(rows: readonly DecompositionRow[]): string {
  const columns = [
    'key',
    'label',
    'calls',
    'total_ns',
    'share',
    'p50_ns',
    'p99_ns',
    'max_ns',
    'tail_ratio',
    'counted',
  ] as const;
  return csvText(
    columns,
    rows.map((row) => columns.map((column) => row[column])),
  );
}

/** Rows as CSV after RFC 4180: CRLF, quotes where needed; null is an empty field. */
export function csvText(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) => cells.map(csvCell).join(',');
  return [line(columns), ...rows.map(line)].join('\r\n') + '\r\n';
}

function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : visibleField(String(value));
  return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
