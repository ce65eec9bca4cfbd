import {
  throwIfCancelled,
  TraceOpenError,
  type Rank,
  type RankFile,
  type Trace,
} from '../../trace/index.js';
import { longerThanAllStarts } from '../longEvents.js';
import { joinRanks, type JoinedRanks } from '../mergeRanks.js';
import { isPackedDatabase, plainDatabase } from '../packedDatabase.js';
import { printable } from '../printable.js';
import { probeSource } from '../probe.js';
import {
  NO_RANK,
  type FormatReader,
  type Probe,
  type ReadOptions,
  type StatedRank,
  type TraceSource,
} from '../reader.js';
import { refusal } from '../refusal.js';
import { isTar, TarArchive } from '../tar/tarArchive.js';
import type { TarEntry } from '../tar/tarEntries.js';
import { compareNames, rankOfFileName, ranksOfNames } from './rankOfName.js';
import { chosenRanks, type RankChoice } from './rankChoice.js';
import {
  leftOutWarnings,
  sentenceOf,
  unreadableWarnings,
  worldSizeWarnings,
  type UnusedFile,
} from './runWarnings.js';

/** A file of a run, to be opened when its bytes are needed. */
export interface RunInput {
  /** as shown to people */
  readonly path: string;
  readonly name: string;
  readonly open: () => Promise<TraceSource>;
  /** its bytes are not at hand before it is chosen: until then only its name is known */
  readonly unread?: boolean;
  /** the user named it: if it is no trace, that is an error. Else it lay in a folder, and is left out */
  readonly named: boolean;
}

interface RunFile extends RunInput {
  readonly stated: StatedRank;
  /** bytes as stored */
  readonly bytes: number;
  readonly gzip: boolean;
  /** undefined where the file could not be looked into yet */
  readonly reader: FormatReader | undefined;
  /** whether it is a packed database; undefined where none of its bytes were at hand */
  readonly packed: boolean | undefined;
  readonly archived: { readonly archive: TarArchive; readonly entry: TarEntry } | undefined;
}

/** What is read of a run: some of its files, as one trace. */
interface Loaded {
  readonly files: readonly RunFile[];
  readonly joined: JoinedRanks;
}

/**
 * The files of one run, of which some are read. Of each file only its beginning is looked at to tell
 * its rank; what was read stays until it is not chosen any more, so that a wider choice reads only what
 * is new. It stays in the joined trace alone, and is taken out of it where the choice changes.
 */
export class TraceRun {
  private loaded: Loaded | undefined;
  /** files that were to be read and cannot be, and why */
  private readonly problems = new Map<RunFile, string>();

  private constructor(
    private readonly files: readonly RunFile[],
    private readonly leftOut: UnusedFile[],
    private readonly readers: readonly FormatReader[],
  ) {}

  /**
   * Looks at each file; archives stand for the traces in them.
   *
   * @throws TraceOpenError where a file that was named is no trace, or none of them is one
   */
  static async of(
    inputs: readonly RunInput[],
    readers: readonly FormatReader[],
    options: ReadOptions = {},
  ): Promise<TraceRun> {
    if (inputs.length === 0) {
      throw new TraceOpenError('not-found', 'No file was given to open.');
    }
    const listing = new Listing(readers, options, inputs.length > 1);
    for (const [i, input] of inputs.entries()) {
      throwIfCancelled(options.signal);
      if (inputs.length > 1) {
        options.progress?.({ stage: `Looking for ranks (${i + 1} of ${inputs.length} files)` });
      }
      await listing.add(input);
    }
    const { files, leftOut } = listing;
    const kept = withoutMerged(ofOneFormat(files, leftOut), leftOut);
    if (kept.length === 0) {
      throw new TraceOpenError(
        'not-a-trace',
        leftOut.length === 1
          ? leftOut[0].sentence
          : `None of the ${leftOut.length} files is a trace. ${leftOut[0].sentence}`,
      );
    }
    return new TraceRun(inOrder(named(kept)), leftOut, readers);
  }

  /** Whether more than one file could be read. */
  get isSeveral(): boolean {
    return this.files.length > 1;
  }

  /**
   * The ranks that are chosen, as one trace on one clock.
   *
   * @throws TraceOpenError where the choice names none of the files, or one that was chosen cannot be read
   */
  async load(choice: RankChoice, options: ReadOptions = {}): Promise<Trace> {
    const chosen = chosenRanks(this.files, choice).map((i) => this.files[i]);
    const read = new Map<RunFile, Trace>();
    const unreadable = new Set<RunFile>();
    const isMissing = (file: RunFile): boolean =>
      !read.has(file) && !unreadable.has(file) && this.loaded?.files.includes(file) !== true;
    // Another choice that was made meanwhile may have let go what was loaded when this one began.
    for (let missing = chosen.filter(isMissing); missing.length > 0;) {
      await this.readFiles(missing, { read, unreadable, most: chosen.length - 1 }, options);
      missing = chosen.filter(isMissing);
    }
    throwIfCancelled(options.signal);
    this.join(
      chosen.filter((file) => !unreadable.has(file)),
      read,
    );
    return this.trace();
  }

  /** @param found takes what was read, and what cannot be; of these there may be `most` */
  private async readFiles(
    files: readonly RunFile[],
    found: {
      readonly read: Map<RunFile, Trace>;
      readonly unreadable: Set<RunFile>;
      readonly most: number;
    },
    options: ReadOptions,
  ): Promise<void> {
    const { read, unreadable, most } = found;
    const archives = new Set(files.flatMap(({ archived }) => archived?.archive ?? []));
    try {
      for (const archive of archives) {
        const entries = files.flatMap(({ archived }) =>
          archived?.archive === archive ? archived.entry : [],
        );
        await archive.hold(entries, options);
      }
      for (const [i, file] of files.entries()) {
        const part = partOf(options, file, i, files.length);
        const trace = await this.readFile(file, part, unreadable.size < most);
        if (trace === undefined) {
          unreadable.add(file);
        } else {
          read.set(file, trace);
          this.problems.delete(file);
        }
      }
    } finally {
      archives.forEach((archive) => archive.release());
    }
  }

  /** Makes these files what is loaded, and takes over what was read of them. */
  private join(files: readonly RunFile[], read: Map<RunFile, Trace>): void {
    const before = this.loaded;
    if (
      read.size === 0 &&
      before?.files.length === files.length &&
      files.every((file) => before.files.includes(file))
    ) {
      return;
    }
    const traces = files.flatMap(
      (file) => read.get(file) ?? before?.joined.part(before.files.indexOf(file)) ?? [],
    );
    read.clear();
    this.loaded = { files, joined: joinRanks(traces) };
  }

  /** @param spare whether other ranks are there if this one, which nobody named, cannot be read */
  private async readFile(
    file: RunFile,
    options: ReadOptions,
    spare: boolean,
  ): Promise<Trace | undefined> {
    throwIfCancelled(options.signal);
    try {
      const source = await file.open();
      try {
        const { plain, reader } = await this.readable(file, source, options);
        const trace = withLongEvents(await reader.read(plain, options));
        const { path, name, size } = source;
        return withRank(
          plain === source ? trace : { ...trace, files: [{ path, name, bytes: size }] },
          file,
        );
      } finally {
        await source.close();
      }
    } catch (error) {
      if (!file.named && spare && isOfFile(error)) {
        this.problems.set(file, error.message);
        return undefined;
      }
      throw this.isSeveral ? ofFile(error, file.name) : error;
    }
  }

  /** A file as its reader can read it, and the reader. @throws TraceOpenError where none can */
  private async readable(
    file: RunFile,
    source: TraceSource,
    options: ReadOptions,
  ): Promise<{ readonly plain: TraceSource; readonly reader: FormatReader }> {
    if (file.reader !== undefined) {
      return { plain: source, reader: file.reader };
    }
    const plain = await plainDatabase(source, options, file.packed);
    return { plain, reader: await readerFor(await probeSource(plain), this.readers) };
  }

  private trace(): Trace {
    if (this.loaded === undefined) {
      throw new Error('Nothing of the run is loaded.');
    }
    const { trace } = this.loaded.joined;
    const run = this.isSeveral ? this.files.map((file) => this.rankFile(file)) : undefined;
    const warnings = [
      ...leftOutWarnings(this.leftOut),
      ...unreadableWarnings([...this.problems].map(([{ name }, sentence]) => ({ name, sentence }))),
      ...(run === undefined ? [] : worldSizeWarnings(run, trace.ranks)),
    ];
    if (run === undefined && warnings.length === 0) {
      return trace;
    }
    const { report } = trace;
    return {
      ...trace,
      ...(run === undefined ? {} : { run }),
      report: { ...report, warnings: [...warnings, ...report.warnings] },
    };
  }

  private rankFile(file: RunFile): RankFile {
    const { path, name, bytes, stated } = file;
    const at = this.loaded?.files.indexOf(file) ?? -1;
    const read = this.loaded?.joined.parts[at];
    const problem = this.problems.get(file);
    const single = read?.ranks.length === 1 ? read.ranks[0] : undefined;
    const rank = single === undefined || single.rank < 0 ? stated.rank : single.rank;
    return {
      rank: read !== undefined && single === undefined ? -1 : rank,
      worldSize: read?.ranks[0]?.worldSize ?? stated.worldSize,
      label: single?.label ?? labelOf(stated.rank, name),
      device: single?.device ?? stated.device,
      path,
      name,
      bytes: read?.files[0]?.bytes ?? bytes,
      loaded: read !== undefined,
      ...(problem === undefined ? {} : { problem }),
    };
  }
}

/** Looks at files, one after another, and sorts out what is no trace. */
class Listing {
  readonly files: RunFile[] = [];
  readonly leftOut: UnusedFile[] = [];
  /** paths of the files looked at, by what tells them apart */
  private readonly identities = new Map<string, string>();

  /** @param several whether an error has to say which file it is of */
  constructor(
    private readonly readers: readonly FormatReader[],
    private readonly options: ReadOptions,
    private readonly several: boolean,
  ) {}

  async add(input: RunInput): Promise<void> {
    const { name } = input;
    if (input.unread === true) {
      this.files.push({ ...input, ...NOT_LOOKED_AT, archived: undefined });
      return;
    }
    let source: TraceSource | undefined;
    try {
      source = await input.open();
      const same = this.pathOfSame(source);
      if (same !== undefined) {
        throw new TraceOpenError(
          'unsupported',
          `The same file was given more than once (${printable(same)}, ${printable(source.path)}): each rank of a run has a file of its own.`,
        );
      }
      if (source.size === 0) {
        throw new TraceOpenError(
          'empty',
          `${printable(name)} is empty (0 bytes): the recorder was stopped before it wrote, or the copy failed.`,
        );
      }
      const probe = await probeSource(source);
      if (isTar(probe)) {
        await this.addArchive(input, probe);
      } else if (isPackedDatabase(probe)) {
        const { size: bytes } = source;
        const found = { bytes, gzip: true, packed: true, archived: undefined };
        this.files.push({ ...input, ...NOT_LOOKED_AT, ...found });
      } else {
        const reader = await readerFor(probe, this.readers);
        this.files.push({ ...input, ...(await looked(probe, reader)), archived: undefined });
      }
    } catch (error) {
      if (input.named || !isOfFile(error)) {
        throw this.several ? ofFile(error, name) : error;
      }
      this.leftOut.push({ name, sentence: error.message });
    } finally {
      await source?.close();
    }
  }

  /** The path a file was given under before. */
  private pathOfSame({ identity, path }: TraceSource): string | undefined {
    const key = identity ?? path;
    const known = this.identities.get(key);
    this.identities.set(key, known ?? path);
    return known;
  }

  /** What else lies in an archive (notes, configurations) is no rank of a run. */
  private async addArchive({ path, name, open }: RunInput, probe: Probe): Promise<void> {
    const archive = new TarArchive(path, name, probe.gzip, open);
    const found: RunFile[] = [];
    let inside = 0;
    await archive.visit(async ({ entry, source, whole }) => {
      inside++;
      const place = {
        path: source.path,
        name: source.name,
        open: () => archive.source(entry),
        named: false,
        archived: { archive, entry },
      };
      const own = await probeSource(source);
      // What lies packed in it, and a database of which part is here, are looked into when they are read.
      const packed = isPackedDatabase(own);
      const reader = packed ? 'unknown' : await readerOf(own, this.readers, whole);
      if (reader === 'unknown') {
        found.push({ ...place, ...NOT_LOOKED_AT, bytes: entry.size, gzip: own.gzip, packed });
      } else if (reader !== undefined) {
        found.push({ ...place, ...(await looked(own, reader)) });
      }
    }, this.options);
    if (found.length === 0) {
      throw new TraceOpenError(
        'not-a-trace',
        `${printable(name)} is an archive, and none of the ${inside} files in it is a trace.`,
      );
    }
    this.files.push(...found.sort((a, b) => (a.path < b.path ? -1 : 1)));
  }
}

/** Whether a file itself is at fault, rather than what the user has to decide or has decided. */
function isOfFile(error: unknown): error is TraceOpenError {
  return (
    error instanceof TraceOpenError && error.code !== 'cancelled' && error.code !== 'unpacks-large'
  );
}

/** An error with the name of its file, where the sentence does not say it. */
function ofFile(error: unknown, name: string): unknown {
  if (!isOfFile(error)) {
    return error;
  }
  const { code, message, looksLike, tables } = error;
  return new TraceOpenError(code, sentenceOf({ name, sentence: message }), looksLike, tables);
}

const NOT_LOOKED_AT = {
  stated: NO_RANK,
  bytes: 0,
  gzip: false,
  reader: undefined,
  packed: undefined,
};

async function looked(
  probe: Probe,
  reader: FormatReader,
): Promise<Pick<RunFile, 'stated' | 'bytes' | 'gzip' | 'reader' | 'packed'>> {
  const stated = (await reader.rank?.(probe)) ?? NO_RANK;
  return { stated, bytes: probe.source.size, gzip: probe.gzip, reader, packed: false };
}

/**
 * The first reader that knows the content; undefined where none does. Of part of a file, 'unknown'
 * where it may be a database, whose tables are listed anywhere in it.
 */
async function readerOf(
  probe: Probe,
  readers: readonly FormatReader[],
  whole = true,
): Promise<FormatReader | 'unknown' | undefined> {
  if (!whole && String.fromCharCode(...probe.head.subarray(0, 6)) === 'SQLite') {
    return 'unknown';
  }
  for (const reader of readers) {
    if (await reader.detect(probe)) {
      return reader;
    }
  }
  return undefined;
}

async function readerFor(probe: Probe, readers: readonly FormatReader[]): Promise<FormatReader> {
  const reader = await readerOf(probe, readers);
  if (reader === undefined || reader === 'unknown') {
    throw await refusal(probe);
  }
  return reader;
}

/** Files nobody named that are of another format than the rest belong to something else. */
function ofOneFormat(files: readonly RunFile[], leftOut: UnusedFile[]): readonly RunFile[] {
  const counts = new Map<FormatReader, number>();
  for (const { reader, named: isNamed } of files) {
    if (reader !== undefined) {
      // What the user named weighs more than all that lay beside it.
      counts.set(reader, (counts.get(reader) ?? 0) + (isNamed ? files.length : 1));
    }
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]).map(([reader]) => reader);
  return files.filter((file) => {
    const other = !file.named && file.reader !== undefined && file.reader !== most;
    if (other) {
      leftOut.push({
        name: file.name,
        sentence: `${printable(file.name)} is of another format (${file.reader?.label}).`,
      });
    }
    return !other;
  });
}

/** SGLang leaves a file of all ranks beside those of each: read together, every event would count twice. */
function withoutMerged(files: readonly RunFile[], leftOut: UnusedFile[]): readonly RunFile[] {
  const single = files.filter(({ stated }) => stated.several !== true);
  if (single.length === 0) {
    return files;
  }
  for (const { name } of files.filter((file) => !single.includes(file))) {
    leftOut.push({
      name,
      sentence: `${printable(name)} was merged from the files of several ranks: open it alone.`,
    });
  }
  return single;
}

/** Ranks that the files do not state, by their names. */
function named(files: readonly RunFile[]): readonly RunFile[] {
  const unstated = files.filter(({ stated }) => stated.rank < 0);
  const byPattern = ranksOfNames(unstated.map(({ name }) => name));
  const used = new Set(files.map(({ stated }) => stated.rank));
  return files.map((file) => {
    if (file.stated.rank >= 0) {
      return file;
    }
    const own = rankOfFileName(file.name);
    const rank = own >= 0 ? own : byPattern[unstated.indexOf(file)];
    // A number that a file states for itself is not guessed for another one.
    return own < 0 && used.has(rank) ? file : { ...file, stated: { ...file.stated, rank } };
  });
}

/** By rank; files without one come last, by name. */
function inOrder(files: readonly RunFile[]): readonly RunFile[] {
  const number = ({ stated: { rank } }: RunFile): number => (rank < 0 ? Infinity : rank);
  return [...files].sort((a, b) =>
    number(a) === number(b) ? compareNames(a.name, b.name) : number(a) - number(b),
  );
}

function labelOf(rank: number, name: string): string {
  return rank >= 0 ? `rank ${rank}` : name;
}

/** A rank that only the names of the run tell, put where the file states none. */
function withRank(trace: Trace, { stated }: RunFile): Trace {
  const [only, ...others] = trace.ranks;
  if (only === undefined || others.length > 0 || only.rank >= 0 || stated.rank < 0) {
    return trace;
  }
  const rank: Rank = { ...only, rank: stated.rank, label: labelOf(stated.rank, only.label) };
  return { ...trace, ranks: [rank] };
}

/** An import has the warning of its original. */
function withLongEvents(trace: Trace): Trace {
  if (trace.kept !== undefined) {
    return trace;
  }
  const warnings = [...trace.report.warnings, ...longerThanAllStarts(trace)];
  return { ...trace, report: { ...trace.report, warnings } };
}

/** Progress of one of several files, as a part of the whole. */
function partOf(options: ReadOptions, file: RunFile, index: number, count: number): ReadOptions {
  const { progress } = options;
  if (count === 1 || progress === undefined) {
    return options;
  }
  return {
    ...options,
    progress: ({ stage, fraction }) =>
      progress({
        stage: `${stage}: ${printable(file.name)} (${index + 1} of ${count})`,
        fraction: (index + (fraction ?? 0)) / count,
      }),
  };
}
