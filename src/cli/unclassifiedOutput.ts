import {
  formatCount,
  formatCountOf,
  formatDuration,
  formatMicros,
  formatShare,
} from '../analysis/format.js';
import type { UnclassifiedList } from '../analysis/results.js';
import { printableJson, shortenMiddle, visibleJson, visibleText } from '../analysis/visibleText.js';
import { ruleFile } from '../layers/ruleDraft.js';
import { populationText } from './populationText.js';
import { csv, csvNumber, plainTable } from './tables.js';

export const UNCLASSIFIED_FORMATS = ['table', 'json', 'csv', 'rules'] as const;
export type UnclassifiedFormat = (typeof UNCLASSIFIED_FORMATS)[number];

/** Characters of a name in a table for the terminal; the other formats have all of it. */
const NAME_WIDTH = 60;

/**
 * What is left without a layer type, as text in one of the formats. `rules` is a rule file with one rule
 * a kernel, its type left to fill.
 *
 * @param limit kernels listed at most
 */
export function unclassifiedOutput(
  list: UnclassifiedList,
  format: UnclassifiedFormat,
  limit: number,
): string {
  const kernels = list.kernels.slice(0, limit);
  switch (format) {
    case 'json':
      return `${visibleJson({ ...list, kernels })}\n`;
    case 'csv':
      return csv(
        ['name', 'calls', 'total_ns', 'share', 'classified_calls', 'streams', 'reasons'],
        kernels.map((kernel) => [
          kernel.name,
          csvNumber(kernel.calls),
          csvNumber(kernel.total_ns),
          csvNumber(kernel.share),
          csvNumber(kernel.classified_calls),
          kernel.streams.join('; '),
          kernel.reasons.map(({ reason }) => reason).join('; '),
        ]),
      );
    case 'rules':
      return printableJson(ruleFile(kernels.map(({ name }) => name)));
    case 'table':
      return table({ ...list, kernels }, list.kernels.length);
  }
}

function table(list: UnclassifiedList, found: number): string {
  const gpu = list.population.time_kind === 'gpu';
  const reasons = [
    ...new Set(list.kernels.flatMap((kernel) => kernel.reasons.map(({ reason }) => reason))),
  ];
  const time = gpu ? 'GPU time' : 'host API time';
  const notes = [
    `${formatCountOf(list.calls, 'call')} of ${formatCountOf(found, 'name')} ` +
      `took ${formatDuration(list.total_ns)}, ${formatShare(list.share)} of ${time}, without a layer type.`,
    ...(list.kernels.length < found
      ? [`Shown: the ${formatCount(list.kernels.length)} that took most; --limit shows more.`]
      : []),
    ...reasons.map((reason, i) => `(${i + 1}) ${reason}`),
    ...populationText(list.population),
  ];
  const text = notes.map((note) => `${visibleText(note)}\n`).join('');
  if (list.kernels.length === 0) {
    return text;
  }
  return `${plainTable({
    columns: [
      { header: 'calls', align: 'right' },
      { header: 'total µs', align: 'right' },
      { header: 'share', align: 'right' },
      { header: 'name', align: 'left' },
      { header: 'streams', align: 'left' },
      { header: 'why', align: 'left' },
    ],
    rows: list.kernels.map((kernel) => [
      formatCount(kernel.calls),
      formatMicros(kernel.total_ns),
      formatShare(kernel.share),
      shortenMiddle(visibleText(kernel.name), NAME_WIDTH),
      kernel.streams.length > 2
        ? `${formatCount(kernel.streams.length)} streams`
        : kernel.streams.join(', '),
      kernel.reasons.map(({ reason }) => `(${reasons.indexOf(reason) + 1})`).join(' '),
    ]),
  })}\n${text}`;
}
