import type { DatabaseFile, DatabasePlace } from '../sqlite/engine.js';
import { clearWalMode, readHeader, statePageCount, type SqliteHeader } from '../sqlite/header.js';
import { indexWal, indexWalInPieces, mergeWal, type WalIndex } from '../sqlite/wal.js';
import { throwIfCancelled, TraceOpenError, type Warning } from '../trace/index.js';
import { printable } from './printable.js';
import type { DatabaseCopy, LargeDatabases, ReadOptions, TraceSource } from './reader.js';

/** What is held in memory: sql.js keeps the whole database there, and a second time while it opens it. */
export const MOST_SQLITE_BYTES = 2 ** 30;

/** A database ready for an engine, its log merged. */
export interface SqliteDatabase {
  readonly place: DatabasePlace;
  /** what was found about the file and its companions */
  readonly warnings: readonly Warning[];
  /** Deletes what was copied for it; once no engine works on it any more. */
  release(): Promise<void>;
}

const PIECE_BYTES = 64 * 1024 * 1024;
/** A recorder may move its log into the database while both are read; then they are read again. */
const MOST_ATTEMPTS = 3;
const JOURNAL_MAGIC = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/**
 * Makes a database ready for an engine, as a reader beside its recorder would see it: rows that are
 * still in the `-wal` are there. A file beyond the host's size is left where it lies, all others are
 * read into memory. Nothing is written to the file or beside it.
 *
 * @param change true where the engine will change the database: then it is always a copy
 * @throws TraceOpenError 'too-large' or 'damaged'; the signal's reason once it is aborted
 */
export async function readSqliteDatabase(
  source: TraceSource,
  options: ReadOptions = {},
  change = false,
): Promise<SqliteDatabase> {
  const { largeDatabases: large } = options;
  const { localPath } = source;
  if (
    large?.beyond !== undefined &&
    localPath !== undefined &&
    source.size + (await logSize(source)) > Math.min(large.beyond, MOST_SQLITE_BYTES)
  ) {
    return openInPlace(source, localPath, large, options, change);
  }
  if (source.size > MOST_SQLITE_BYTES) {
    throw new TraceOpenError('too-large', tooLarge(source, large));
  }
  for (let attempt = 1; ; attempt++) {
    const warnings: Warning[] = [];
    const logBefore = await readLog(source, warnings);
    const file = await readWhole(source, options);
    const header = readHeader(file);
    if (header === undefined) {
      throw damagedHeader(source);
    }
    if (header.walMode && logBefore !== undefined && attempt < MOST_ATTEMPTS) {
      const again = await readLog(source, []);
      if (again === undefined || !sameBytes(again.subarray(0, 32), logBefore.subarray(0, 32))) {
        continue;
      }
    }
    let bytes = header.walMode ? withLog(source, file, header.pageSize, logBefore, warnings) : file;
    clearWalMode(bytes);
    const merged = readHeader(bytes) ?? header;
    const pages = presentPages(bytes.length, merged, warnings);
    if (pages !== undefined) {
      bytes = withMissingPages(bytes, pages, merged);
    }
    await lookForJournal(source, warnings);
    return { place: bytes, warnings, release: async () => undefined };
  }
}

/** The size that would do, and what it takes to open this one. */
function tooLarge(source: TraceSource, large: LargeDatabases | undefined): string {
  const limit = gib(MOST_SQLITE_BYTES);
  const where =
    large === undefined
      ? ''
      : large.beyond === undefined
        ? ` ${large.needs}`
        : ' Larger ones are read where they lie: unpack it from its archive to open it.';
  return `${printable(source.name)} has ${gib(source.size)} GiB. SQLite traces that are held in memory open up to ${limit} GiB.${where} Otherwise record a shorter window, or copy the events of interest into a smaller database.`;
}

function damagedHeader(source: TraceSource): TraceOpenError {
  return new TraceOpenError(
    'damaged',
    `${printable(source.name)} begins like an SQLite database, but its header is damaged. Copy it again from where it was recorded.`,
    'a damaged SQLite database',
  );
}

/** A file that stays where it lies; only where it has a log to be merged, or will be changed, a copy. */
async function openInPlace(
  source: TraceSource,
  path: string,
  large: LargeDatabases,
  options: ReadOptions,
  change: boolean,
): Promise<SqliteDatabase> {
  for (let attempt = 1; ; attempt++) {
    throwIfCancelled(options.signal);
    const warnings: Warning[] = [];
    const header = readHeader(await source.read(0, 100));
    if (header === undefined) {
      throw damagedHeader(source);
    }
    const log = header.walMode ? await source.companion?.('-wal') : undefined;
    try {
      const head = await log?.read(0, 32);
      const index =
        log === undefined || log.size === 0
          ? undefined
          : usableLog(
              header,
              await indexWalInPieces(log.size, (offset, length) => {
                throwIfCancelled(options.signal);
                return log.read(offset, length);
              }),
              warnings,
            );
      const merge = index !== undefined && index.committedFrames > 0;
      let copy: DatabaseCopy | undefined;
      if (merge || change) {
        copy = await large.copy(source, merge ? WHY_LOG : WHY_CHANGE, options);
      }
      try {
        const { merged, newer } =
          copy === undefined
            ? { merged: header, newer: 0 }
            : await finishCopy(copy, source, header, log, index);
        tellMerged(newer, warnings);
        const again = merge ? await logHead(source) : undefined;
        const moved = merge && (again === undefined || !sameBytes(again, head ?? NOTHING));
        if (moved && attempt < MOST_ATTEMPTS) {
          await copy?.remove();
          continue;
        }
        const size = merge ? index.pageCount * index.pageSize : source.size;
        const cut = presentPages(size, merged, warnings) !== undefined;
        await lookForJournal(source, warnings);
        const place: DatabaseFile = { path: copy?.path ?? path, cut, ownCopy: copy !== undefined };
        return { place, warnings, release: async () => copy?.remove() };
      } catch (error) {
        await copy?.remove();
        throw error;
      }
    } finally {
      await log?.close();
    }
  }
}

const WHY_LOG = 'a write-ahead log beside it holds its newest rows';
const WHY_CHANGE = 'what is private in it is hidden from SQL in a copy';
const NOTHING = new Uint8Array(0);

/**
 * Writes the log's pages over a copy and marks it as being without a log.
 * @returns its header, and how many pages the log had newer
 */
async function finishCopy(
  copy: DatabaseCopy,
  source: TraceSource,
  header: SqliteHeader,
  log: TraceSource | undefined,
  index: WalIndex | undefined,
): Promise<{ readonly merged: SqliteHeader; readonly newer: number }> {
  let newer = 0;
  const first = (await source.read(0, header.pageSize)).slice();
  if (log !== undefined && index !== undefined && index.committedFrames > 0) {
    await copy.resize(index.pageCount * index.pageSize);
    for (const [page, offset] of index.pages) {
      const content = await log.read(offset, index.pageSize);
      const stored = await source.read((page - 1) * index.pageSize, index.pageSize);
      newer += sameBytes(stored, content) ? 0 : 1;
      // A page beyond the last commit's size was freed by a vacuum: SQLite drops it, too.
      if (page <= index.pageCount) {
        await copy.write((page - 1) * index.pageSize, content);
        if (page === 1) {
          first.set(content.subarray(0, first.length));
        }
      }
    }
  }
  clearWalMode(first);
  await copy.write(0, first.subarray(0, 100));
  await copy.finish();
  return { merged: readHeader(first) ?? header, newer };
}

async function logSize(source: TraceSource): Promise<number> {
  const log = await source.companion?.('-wal');
  await log?.close();
  return log?.size ?? 0;
}

async function logHead(source: TraceSource): Promise<Uint8Array | undefined> {
  const log = await source.companion?.('-wal');
  try {
    return await log?.read(0, 32);
  } finally {
    await log?.close();
  }
}

/** The pages there are, where the header states more; that is told. */
function presentPages(size: number, header: SqliteHeader, warnings: Warning[]): number | undefined {
  const pages = Math.ceil(size / header.pageSize);
  if (pages >= header.pageCount) {
    return undefined;
  }
  warnings.push({
    code: 'truncated',
    message: `The file is cut: it holds ${pages} of the ${header.pageCount} pages its header states (${size} bytes). Rows on the missing pages are not shown.`,
    rows: 0,
  });
  return pages;
}

/** The index where the log belongs to the database; what was found is told. */
function usableLog(
  { pageSize }: Pick<SqliteHeader, 'pageSize'>,
  index: WalIndex | undefined,
  warnings: Warning[],
): WalIndex | undefined {
  if (index === undefined || index.pageSize !== pageSize) {
    warnings.push({
      code: 'wal-unreadable',
      message:
        'The -wal beside the file is damaged or belongs to another database: rows that were only in it are missing here.',
      rows: 0,
    });
    return undefined;
  }
  return index;
}

function tellMerged(newer: number, warnings: Warning[]): void {
  if (newer > 0) {
    warnings.push({
      code: 'wal-merged',
      message: `The newest version of ${newer} ${newer === 1 ? 'page' : 'pages'} was read from the -wal beside the file: the recorder had not moved them into it yet.`,
      rows: 0,
    });
  }
}

async function readWhole(source: TraceSource, options: ReadOptions): Promise<Uint8Array> {
  const bytes = new Uint8Array(source.size);
  let at = 0;
  while (at < bytes.length) {
    throwIfCancelled(options.signal);
    options.progress?.({ stage: 'Loading the database', fraction: at / bytes.length });
    const piece = await source.read(at, Math.min(PIECE_BYTES, bytes.length - at));
    if (piece.length === 0) {
      return bytes.slice(0, at);
    }
    bytes.set(piece, at);
    at += piece.length;
  }
  throwIfCancelled(options.signal);
  return bytes;
}

/** The bytes of the `-wal`; undefined where there is none or it is empty. */
async function readLog(source: TraceSource, warnings: Warning[]): Promise<Uint8Array | undefined> {
  if (source.companion === undefined) {
    return undefined;
  }
  const log = await source.companion('-wal');
  if (log === undefined) {
    return undefined;
  }
  try {
    if (log.size + source.size > MOST_SQLITE_BYTES) {
      warnings.push({
        code: 'wal-left-out',
        message: `The write-ahead log beside the file has ${gib(log.size)} GiB and does not fit in memory with it: what was not yet moved into the file is missing here.`,
        rows: 0,
      });
      return undefined;
    }
    return log.size === 0 ? undefined : await log.read(0, log.size);
  } finally {
    await log.close();
  }
}

function withLog(
  source: TraceSource,
  file: Uint8Array,
  pageSize: number,
  log: Uint8Array | undefined,
  warnings: Warning[],
): Uint8Array {
  if (log === undefined) {
    if (source.companion === undefined) {
      warnings.push({
        code: 'wal-unknown',
        message:
          'The file was recorded in write-ahead mode, and files beside it cannot be seen from here: rows that are still in its -wal would be missing.',
        rows: 0,
      });
    }
    return file;
  }
  const index = usableLog({ pageSize }, indexWal(log), warnings);
  if (index === undefined) {
    return file;
  }
  tellMerged(newerPages(file, log, index), warnings);
  return mergeWal(file, pageSize, log, index);
}

/** Pages that are in the log only, or otherwise there: a log whose pages were all moved stays until its next use. */
function newerPages(file: Uint8Array, log: Uint8Array, { pages, pageSize }: WalIndex): number {
  let newer = 0;
  for (const [page, offset] of pages) {
    const stored = file.subarray((page - 1) * pageSize, page * pageSize);
    newer += sameBytes(stored, log.subarray(offset, offset + pageSize)) ? 0 : 1;
  }
  return newer;
}

/**
 * A cut file as SQLite opens it: it refuses one that is shorter than its header says, and the schema of one
 * whose tables begin beyond the end. With empty pages in place of the missing ones all that is there is
 * read, and the tables on missing pages are found damaged one by one.
 */
function withMissingPages(cut: Uint8Array, pages: number, header: SqliteHeader): Uint8Array {
  const stated = header.pageCount * header.pageSize;
  if (stated > MOST_SQLITE_BYTES) {
    statePageCount(cut, pages);
    return cut;
  }
  const padded = new Uint8Array(stated);
  padded.set(cut);
  return padded;
}

/** A rollback journal means that a writer was interrupted, or is at work: pages may be half written. */
async function lookForJournal(source: TraceSource, warnings: Warning[]): Promise<void> {
  const journal = await source.companion?.('-journal');
  if (journal === undefined) {
    return;
  }
  try {
    if (sameBytes(await journal.read(0, 8), Uint8Array.from(JOURNAL_MAGIC))) {
      warnings.push({
        code: 'unfinished-write',
        message:
          'A -journal beside the file says that a program was interrupted while it wrote the file, or is writing it now: the newest rows may be incomplete.',
        rows: 0,
      });
    }
  } finally {
    await journal.close();
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** A size in GiB, without a needless decimal. */
export function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1).replace(/\.0$/, '');
}
