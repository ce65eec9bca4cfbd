import type { Population } from '../../src/analysis/results.js';
import {
  formatCount,
  formatCountOf,
  formatDuration,
  formatShare,
} from '../../src/analysis/format.js';
import { loadedRanksText } from '../../src/analysis/population.js';
import { METHOD_LABELS } from '../../src/trace/index.js';
import type { Method } from '../../src/trace/index.js';

export interface EvidenceShare {
  readonly method: Method;
  readonly label: string;
  readonly share: number;
  /** "23,456 calls, 1.20 s, 92.1 % of GPU time" */
  readonly figures: string;
}

/** Shares of the time by evidence, strongest evidence first, none last; those of no time left out. */
export function evidenceShares(population: Population): readonly EvidenceShare[] {
  const time = population.time_kind === 'gpu' ? 'GPU time' : 'host API time';
  return population.evidence
    .filter(({ share }) => share > 0)
    .map(({ method, calls, total_ns, share }) => ({
      method,
      label: METHOD_LABELS[method],
      share,
      figures: `${formatCountOf(calls, 'call')}, ${formatDuration(total_ns)}, ${formatShare(share)} of ${time}`,
    }));
}

/** "module ranges 92.1 %, kernel names 4 %, no evidence 3.9 %" */
export function evidenceText(shares: readonly { label: string; share: number }[]): string {
  return shares.map(({ label, share }) => `${label} ${formatShare(share)}`).join(', ');
}

/** The population in as few words as a narrow editor has room for; `populationParts` says the rest. */
export function populationBrief(
  population: Population,
  windowed: boolean,
): { readonly rows: string; readonly time: string; readonly classified: string } {
  const { rows, counted } = population;
  const gpu = population.time_kind === 'gpu';
  const ranks = loadedRanksText(population);
  const kept =
    counted === null || counted === rows || windowed
      ? formatCount(rows)
      : `${formatCount(rows)} of ${formatCount(counted)} counted`;
  return {
    rows: [
      ...(ranks === '' ? [] : [ranks]),
      `${kept} ${gpu ? 'GPU events' : 'API calls'}${windowed ? ' in the window' : ''}`,
    ].join(' · '),
    time: gpu ? 'GPU time' : 'host API time',
    classified: `classified ${formatShare(population.classified_share)}`,
  };
}

/** Which rows the figures are made of, in one sentence a part. */
export function populationParts(population: Population, windowed: boolean): readonly string[] {
  const { rows, rows_in_file: inFile, counted, time_kind: kind } = population;
  const what = kind === 'gpu' ? 'GPU events' : 'API calls';
  const ranks = loadedRanksText(population);
  const parts = [
    ...(ranks === '' ? [] : [`${ranks}: no figure counts the others`]),
    `${formatCount(rows)} ${what}${windowed ? ' in the window' : ''} of ${formatCount(inFile)} rows in the file`,
  ];
  if (counted !== rows && !windowed) {
    parts.push(`counted by the recorder: ${counted === null ? 'unknown' : formatCount(counted)}`);
  }
  parts.push(kind === 'gpu' ? 'GPU time' : 'host API time; this recorder has no GPU events');
  return parts;
}
