import type { RankFile, Trace, Warning } from '../../trace/index.js';
import { printable } from '../printable.js';
import { apartNames, listed, NAMED } from './fileNames.js';
import { rankRanges } from './rankChoice.js';

/** A file that is in no figure, and why. */
export interface UnusedFile {
  readonly name: string;
  readonly sentence: string;
}

/** What lay beside the files of a run and is no part of it. */
export function leftOutWarnings(leftOut: readonly UnusedFile[]): Warning[] {
  const one = leftOut.length === 1;
  return leftOut.length === 0
    ? []
    : [
        {
          code: 'left-out-files',
          message: `${one ? 'A file' : `${leftOut.length} files`} beside the trace ${one ? 'is' : 'are'} no part of it: ${sentences(leftOut)}`,
          rows: 0,
        },
      ];
}

/** Which files of the run were to be read and cannot be. */
export function unreadableWarnings(unreadable: readonly UnusedFile[]): Warning[] {
  const one = unreadable.length === 1;
  return unreadable.length === 0
    ? []
    : [
        {
          code: 'unreadable-ranks',
          message: `${one ? 'A file' : `${unreadable.length} files`} of the run cannot be read, and ${one ? 'is' : 'are'} in no figure: ${sentences(unreadable)}`,
          rows: 0,
        },
      ];
}

function sentences(files: readonly UnusedFile[]): string {
  const more = files.length > NAMED ? ` And ${files.length - NAMED} more.` : '';
  return files.slice(0, NAMED).map(sentenceOf).join(' ') + more;
}

/** The sentence, with the name of its file in front where it does not say it. */
export function sentenceOf({ name, sentence }: UnusedFile): string {
  const shown = printable(name);
  return sentence.includes(shown) ? sentence : `${shown}: ${sentence}`;
}

/**
 * Whether the files can be those of one run, by the number of ranks they state, and which ranks of it are
 * not among them.
 *
 * @param run its files, read or not
 * @param loaded the ranks of those that are read
 */
export function worldSizeWarnings(run: readonly RankFile[], loaded: Trace['ranks']): Warning[] {
  // Recorders of one process state a run of 1 of it; that of a file in a larger run says nothing.
  const stating = run.filter(({ worldSize }) => worldSize > 1);
  const bySize = new Map<number, string[]>();
  const names = apartNames(stating.map(({ path }) => path));
  stating.forEach(({ worldSize }, i) =>
    bySize.set(worldSize, [...(bySize.get(worldSize) ?? []), names[i]]),
  );
  const [size, other] = bySize.keys();
  if (size === undefined) {
    return [];
  }
  if (other !== undefined) {
    const said = [...bySize]
      .sort(([a], [b]) => a - b)
      .map(([ranks, files]) => `${ranks} ranks (${listed(files)})`);
    return [
      {
        code: 'different-runs',
        message: `The files state runs of different sizes: ${said.join(', ')}. They may be of different runs, whose figures do not belong together.`,
        rows: 0,
      },
    ];
  }
  const numbers = new Set([
    ...loaded.map(({ rank }) => rank),
    ...run.flatMap((file) => (file.loaded ? [] : file.rank)),
  ]);
  if (numbers.has(-1)) {
    return []; // one of them may be any
  }
  const missing = gapsIn(numbers, size);
  const beyond = [...numbers].filter((rank) => rank >= size);
  return [
    ...(missing.length === 0
      ? []
      : [
          {
            code: 'missing-ranks',
            message: `The run has ${size} ranks, as its files state, and no file of rank ${listed(missing)} is among them.`,
            rows: 0,
          },
        ]),
    ...(beyond.length === 0
      ? []
      : [
          {
            code: 'different-runs',
            message: `The files state a run of ${size} ranks, which has no rank ${rankRanges(beyond)}: some may be of another run.`,
            rows: 0,
          },
        ]),
  ];
}

/** The numbers below `size` that are not among these: "2-7", "9". A file may state any size. */
function gapsIn(numbers: ReadonlySet<number>, size: number): string[] {
  const within = [...numbers].filter((rank) => rank < size).sort((a, b) => a - b);
  return [...within, size].flatMap((rank, i) => {
    const first = i === 0 ? 0 : within[i - 1] + 1;
    return first === rank ? [] : first === rank - 1 ? `${first}` : `${first}-${rank - 1}`;
  });
}
