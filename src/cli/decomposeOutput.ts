import {
  NO_FIGURE,
  formatCount,
  formatCounted,
  formatDuration,
  formatMicros,
  formatRatio,
  formatShare,
} from '../analysis/format.js';
import type {
  AttributionBasis,
  CallStatistics,
  DecomposeBy,
  Decomposition,
  DecompositionRow,
} from '../analysis/results.js';
import { markdownText, shortenMiddle, visibleJson, visibleText } from '../analysis/visibleText.js';
import { keepsPartOfEvents, type Warning } from '../trace/index.js';
import { populationText } from './populationText.js';
import { csv, csvNumber, markdownTable, plainTable } from './tables.js';
import type { TextTable } from './tables.js';

export const TABLE_FORMATS = ['table', 'json', 'csv', 'markdown'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Characters of a name in a table for the terminal; the other formats have all of it. */
const NAME_WIDTH = 60;

const HEADERS: Record<DecomposeBy, string> = {
  'layer-type': 'layer type',
  layer: 'layer',
  module: 'module',
  kernel: 'kernel',
  step: 'step',
  phase: 'phase',
  stream: 'stream',
  rank: 'rank',
};

const WEAK_NOTE = '* fewer than 100 calls: p99 rests on less than one call in its tail.';

/** A decomposition as text in one of the formats. */
export function decomposeOutput(
  decomposition: Decomposition,
  warnings: readonly Warning[],
  format: TableFormat,
  basis?: AttributionBasis,
): string {
  switch (format) {
    case 'json':
      return `${visibleJson({ ...decomposition, warnings, attribution: basis })}\n`;
    case 'csv':
      return decompositionCsv(decomposition);
    case 'markdown': {
      const table = decompositionTable(decomposition, (name) => name);
      const notes = notesOf(decomposition, warnings, basis).map(
        (note) => `${markdownText(note)}\n`,
      );
      return `${markdownTable(table)}\n${notes.join('\n')}`;
    }
    case 'table': {
      const table = decompositionTable(decomposition, (name) =>
        shortenMiddle(visibleText(name), NAME_WIDTH),
      );
      const notes = notesOf(decomposition, warnings, basis).map((note) => `${visibleText(note)}\n`);
      return `${plainTable(table)}\n${notes.join('')}`;
    }
  }
}

function decompositionTable(
  decomposition: Decomposition,
  shown: (name: string) => string,
): TextTable {
  const partial = keepsPartOfEvents(decomposition.trace.format);
  const figures = (
    row: CallStatistics,
    counted: number | null,
    share: string,
    weak: boolean,
  ): string[] => [
    formatCount(row.calls),
    ...(partial ? [formatCounted(counted)] : []),
    millis(row.total_ns),
    share,
    formatMicros(row.p50_ns),
    `${formatMicros(row.p99_ns)}${weak ? '*' : ''}`,
    formatMicros(row.max_ns),
    formatRatio(row.tail_ratio),
  ];
  const { overall, population } = decomposition;
  return {
    columns: [
      { header: HEADERS[decomposition.by], align: 'left' },
      { header: 'calls', align: 'right' },
      ...(partial ? [{ header: 'counted', align: 'right' } as const] : []),
      { header: 'total ms', align: 'right' },
      { header: 'share', align: 'right' },
      { header: 'p50 µs', align: 'right' },
      { header: 'p99 µs', align: 'right' },
      { header: 'max µs', align: 'right' },
      { header: 'tail ratio', align: 'right' },
    ],
    rows: [
      ...decomposition.rows.map((row) => [
        shown(row.label),
        ...figures(row, row.counted, formatShare(row.share), row.weak_p99),
      ]),
      [
        'all calls',
        ...figures(
          overall,
          population.counted,
          overall.calls === 0 ? NO_FIGURE : '100 %',
          isWeak(decomposition),
        ),
      ],
    ],
  };
}

/** All calls are weak where even together they are too few. */
function isWeak({ overall, rows }: Decomposition): boolean {
  return overall.calls > 0 && overall.calls < 100 && rows.every((row) => row.weak_p99);
}

/** Total in ms with one decimal, two below 10. */
function millis(ns: number): string {
  const ms = ns / 1e6;
  const [whole, fraction] = ms.toFixed(ms < 10 ? 2 : 1).split('.');
  return `${formatCount(Number(whole))}.${fraction}`;
}

function notesOf(
  decomposition: Decomposition,
  warnings: readonly Warning[],
  basis: AttributionBasis | undefined,
): readonly string[] {
  const { overall, trace } = decomposition;
  const notes: string[] = [];
  if (overall.duty_cycle !== null) {
    notes.push(
      `The dashboard: a kernel ran ${formatShare(overall.duty_cycle)} of ${formatDuration(trace.recorded_ns)}${trace.recorded_ns < trace.span_ns ? ' recorded' : ''}; ` +
        `over all calls p50 ${formatMicros(overall.p50_ns)} µs, p99 ${formatMicros(overall.p99_ns)} µs.`,
    );
  }
  notes.push(...populationText(decomposition.population, basis));
  if (decomposition.rows.some((row) => row.weak_p99)) {
    notes.push(WEAK_NOTE);
  }
  notes.push(...warnings.map((warning) => `Warning: ${warning.message}`));
  return notes;
}

const CSV_HEADER = [
  'key',
  'label',
  'calls',
  'total_ns',
  'share',
  'p50_ns',
  'p99_ns',
  'max_ns',
  'tail_ratio',
  'weak_p99',
  'counted',
] as const;

function decompositionCsv(decomposition: Decomposition): string {
  const record = (row: DecompositionRow): string[] => [
    row.key,
    row.label,
    csvNumber(row.calls),
    csvNumber(row.total_ns),
    csvNumber(row.share),
    csvNumber(row.p50_ns),
    csvNumber(row.p99_ns),
    csvNumber(row.max_ns),
    csvNumber(row.tail_ratio),
    String(row.weak_p99),
    csvNumber(row.counted),
  ];
  return csv(CSV_HEADER, decomposition.rows.map(record));
}
