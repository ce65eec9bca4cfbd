import { InvalidArgumentError, Option } from 'commander';
import { rankRanges } from '../formats/ranks/rankChoice.js';
import { formatCount, formatCountOf } from '../analysis/format.js';
import type { RankChoice, TraceSummary } from '../session/session.js';

/** Options of the commands that open a trace. */
export interface RankOptions {
  readonly ranks?: RankChoice;
}

/** Ranks a list may name: a mistyped range must not become a list of billions. */
const MOST_NUMBERS = 100_000;

export function ranksOption(): Option {
  return new Option(
    '--ranks <list>',
    'ranks to load, "0,3,8-15" or "all" (without it a few: eight, and 1 GiB of events at most)',
  ).argParser(rankChoice);
}

/** @throws InvalidArgumentError */
export function rankChoice(text: string): RankChoice {
  if (text.trim().toLowerCase() === 'all') {
    return { kind: 'all' };
  }
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || to < from || to - from > MOST_NUMBERS) {
      throw new InvalidArgumentError('It must be "all" or a list such as 0,3,8-15.');
    }
    for (let rank = from; rank <= to; rank++) {
      numbers.add(rank);
    }
  }
  return { kind: 'numbers', numbers: [...numbers] };
}

/** What was not loaded and how to load it, as lines for the terminal. */
export function notesOnRanks({ run }: TraceSummary): readonly string[] {
  const loaded = run.filter((file) => file.loaded);
  if (loaded.length === run.length) {
    return [];
  }
  const numbers = (files: typeof run) => files.map(({ rank }) => rank).filter((rank) => rank >= 0);
  const which = numbers(loaded);
  const unreadable = run.filter(({ problem }) => problem !== undefined);
  const readable = run.filter((file) => !file.loaded && file.problem === undefined);
  const others = numbers(readable);
  // A number that a loaded file has too would load that one again.
  const tells = others.length > 0 && others.every((rank) => !which.includes(rank));
  return [
    `Loaded: ${formatCount(loaded.length)} of ${formatCount(run.length)} ranks` +
      `${which.length === 0 ? '' : ` (${rankRanges(which)})`}.` +
      (unreadable.length === 0
        ? ''
        : ` ${formatCountOf(unreadable.length, 'file')} cannot be read.`) +
      (readable.length === 0
        ? ''
        : ` --ranks all loads the others${tells ? `, --ranks ${rankRanges(others).replaceAll(' ', '')} only those` : ''}.`),
  ];
}
