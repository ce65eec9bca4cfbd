import {
  formatCount,
  formatCountOf,
  formatDuration,
  formatMicros,
  formatRatio,
} from '../analysis/format.js';
import type { AttributionBasis, Stall, StallList } from '../analysis/results.js';
import { markdownText, shortenMiddle, visibleJson, visibleText } from '../analysis/visibleText.js';
import type { TableFormat } from './decomposeOutput.js';
import { populationText } from './populationText.js';
import { csv, csvNumber, markdownTable, plainTable } from './tables.js';
import type { TextTable } from './tables.js';

/** Characters of a name in a table for the terminal. */
const NAME_WIDTH = 44;

/** A list of stalls as text in one of the formats. */
export function stallsOutput(
  list: StallList,
  format: TableFormat,
  basis?: AttributionBasis,
): string {
  switch (format) {
    case 'json':
      return `${visibleJson({ ...list, attribution: basis })}\n`;
    case 'csv':
      return stallsCsv(list.stalls);
    case 'markdown': {
      const notes = notesOf(list, basis).map((note) => `${markdownText(note)}\n`);
      return `${markdownTable(stallsTable(list, (name) => name))}\n${notes.join('\n')}`;
    }
    case 'table': {
      const shown = (name: string): string => shortenMiddle(visibleText(name), NAME_WIDTH);
      const notes = notesOf(list, basis).map((note) => `${visibleText(note)}\n`);
      return `${plainTable(stallsTable(list, shown))}\n${notes.join('')}`;
    }
  }
}

function stallsTable(list: StallList, shown: (name: string) => string): TextTable {
  return {
    columns: [
      { header: '#', align: 'right' },
      { header: 'lost µs', align: 'right' },
      { header: 'took µs', align: 'right' },
      { header: 'typical µs', align: 'right' },
      { header: 'times', align: 'right' },
      { header: 'layer type', align: 'left' },
      { header: 'layer', align: 'right' },
      { header: 'call', align: 'left' },
      { header: 'at ms', align: 'right' },
      { header: 'where', align: 'left' },
      { header: 'step', align: 'left' },
    ],
    rows: list.stalls.map((stall, i) => [
      formatCount(i + 1),
      formatMicros(stall.lost_ns),
      formatMicros(stall.duration_ns),
      formatMicros(stall.typical_ns),
      formatRatio(stall.times_typical),
      stall.layer_label,
      stall.layer_index < 0 ? '' : String(stall.layer_index),
      shown(stall.name),
      (stall.start_ns / 1e6).toFixed(3),
      shown(stall.lane),
      shown(stall.step),
    ]),
  };
}

function notesOf(list: StallList, basis: AttributionBasis | undefined): readonly string[] {
  const notes = [
    `${formatCountOf(list.found, 'call')} took more than ${list.factor} times what is typical ` +
      `(the median of the layer type, or of the kernel in it where that is larger) and lost ${formatDuration(list.lost_ns)} to it.`,
  ];
  if (list.stalls.length < list.found) {
    notes.push(`Shown: the ${formatCount(list.stalls.length)} that lost most; --limit shows more.`);
  }
  return [...notes, ...populationText(list.population, basis)];
}

const CSV_HEADER = [
  'call',
  'start_ns',
  'duration_ns',
  'typical_ns',
  'times_typical',
  'lost_ns',
  'layer_type',
  'layer_index',
  'name',
  'module',
  'step',
  'phase',
  'rank',
  'lane',
  'has_source',
] as const;

function stallsCsv(stalls: readonly Stall[]): string {
  return csv(
    CSV_HEADER,
    stalls.map((stall) => [
      csvNumber(stall.call),
      csvNumber(stall.start_ns),
      csvNumber(stall.duration_ns),
      csvNumber(stall.typical_ns),
      Number.isFinite(stall.times_typical) ? csvNumber(stall.times_typical) : '',
      csvNumber(stall.lost_ns),
      stall.layer_type,
      stall.layer_index < 0 ? '' : csvNumber(stall.layer_index),
      stall.name,
      stall.module,
      stall.step,
      stall.phase,
      stall.rank,
      stall.lane,
      String(stall.has_source),
    ]),
  );
}
