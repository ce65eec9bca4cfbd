import { InvalidArgumentError, Option } from 'commander';
import { TraceOpenError } from '../trace/index.js';

/** Options of every command that opens a trace. */
export interface OpeningOptions {
  /** bytes */
  readonly maxUnpacked?: number;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

export function maxUnpackedOption(): Option {
  return new Option(
    '--max-unpacked <size>',
    'what gzip files may unpack to, all together: 20GiB, 500MiB, unlimited (default: each 100 times its size, at least 1 GiB, at most 8 GiB)',
  ).argParser(sizeOf);
}

/** The sentence of an error with the option that helps. */
export function withRemedy(error: unknown, sentence: string): string {
  return error instanceof TraceOpenError && error.code === 'unpacks-large'
    ? `${sentence} To open it all the same, say --max-unpacked SIZE or --max-unpacked unlimited.`
    : sentence;
}

function sizeOf(text: string): number {
  if (/^unlimited$/i.test(text)) {
    return Infinity;
  }
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const unit = match && UNITS[match[2].toLowerCase()];
  if (match === null || unit === null) {
    throw new InvalidArgumentError('It must be a size such as 20GiB or 500MiB, or "unlimited".');
  }
  return Number(match[1]) * unit;
}
