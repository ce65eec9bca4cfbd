import { formatCount, formatShare } from '../analysis/format.js';
import { loadedRanksText } from '../analysis/population.js';
import { attributionParts } from '../analysis/attributionText.js';
import type { AttributionBasis, Population } from '../analysis/results.js';
import { METHOD_LABELS } from '../trace/index.js';

/**
 * The sentences beneath a table: which rows stand behind it and how its layer types were found.
 *
 * @param basis what attribution went by besides the trace
 */
export function populationText(
  population: Population,
  basis?: AttributionBasis,
): readonly string[] {
  const gpu = population.time_kind === 'gpu';
  const lines: string[] = [];
  const ranks = loadedRanksText(population);
  if (ranks !== '') {
    lines.push(`${ranks}: no figure counts the others (--ranks).`);
  }
  const time = gpu ? 'GPU time' : 'host API time';
  const what = gpu ? 'GPU events' : 'API calls';
  const evidence = population.evidence
    .map(({ method, share }) => `${formatShare(share)} ${METHOD_LABELS[method]}`)
    .join(', ');
  lines.push(
    population.rows === 0
      ? `None of the ${formatCount(population.rows_in_file)} rows is a GPU event or an API call: there is nothing to measure.`
      : `${formatCount(population.rows)} of ${formatCount(population.rows_in_file)} rows are ${what}; ` +
          `${formatShare(population.classified_share)} of ${time} classified` +
          (evidence === '' ? '' : `: ${evidence}`),
  );
  const parts = basis === undefined ? [] : attributionParts(basis, population);
  if (parts.length > 0) {
    lines.push(`Layers told by: ${parts.join('; ')}.`);
  }
  if (!gpu) {
    lines.push(
      'Durations are time inside API calls on the host: this trace has no GPU events, and host time is not GPU time.',
    );
  }
  if (population.counted === null && population.rows > 0) {
    lines.push(
      `The recorder may keep only part of its ${what}; how many it saw, the file does not say.`,
    );
  } else if (population.counted !== null && population.counted !== population.rows) {
    lines.push(
      `The recorder counted ${formatCount(population.counted)} ${what}; the file keeps ${formatCount(population.rows)} of them. Percentiles are of those kept, and it keeps unusual calls rather than others.`,
    );
  }
  if (population.skipped.length > 0) {
    const reasons = population.skipped.map(({ reason, rows }) => `${formatCount(rows)} ${reason}`);
    lines.push(`Rows not read: ${reasons.join(', ')}.`);
  }
  return lines;
}
