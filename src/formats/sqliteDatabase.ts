import { clearWalMode, readHeader, statePageCount, type SqliteHeader } from '../sqlite/header.js';
import { indexWal, mergeWal, type WalIndex } from '../sqlite/wal.js';
import { throwIfCancelled, TraceOpenError, type Warning } from '../trace/index.js';
import { printable } from './printable.js';
import type { ReadOptions, TraceSource } from './reader.js';

/** The engine keeps the whole database in memory, and WebAssembly cannot address more than 4 GiB. */
export const MOST_SQLITE_BYTES = 2 ** 30;

/** A database ready for an engine: a copy in memory, in rollback-journal mode, its log merged. */
export interface SqliteDatabase {
  readonly bytes: Uint8Array;
  /** what was found about the file and its companions */
  readonly warnings: readonly Warning[];
}

const PIECE_BYTES = 64 * 1024 * 1024;
/** A recorder may move its log into the database while both are read; then they are read again. */
const MOST_ATTEMPTS = 3;
const JOURNAL_MAGIC = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/**
 * Reads a database into memory as a reader beside its recorder would see it: rows that are still in
 * the `-wal` are there. Nothing is written anywhere.
 *
 * @throws TraceOpenError 'too-large' or 'damaged'; the signal's reason once it is aborted
 */
export async function readSqliteDatabase(
  source: TraceSource,
  options: ReadOptions = {},
): Promise<SqliteDatabase> {
  if (source.size > MOST_SQLITE_BYTES) {
    throw new TraceOpenError(
      'too-large',
      `${printable(source.name)} has ${gib(source.size)} GiB. This version holds SQLite traces in memory and reads them up to ${gib(MOST_SQLITE_BYTES)} GiB: record a shorter window, or copy the events of interest into a smaller database.`,
    );
  }
  for (let attempt = 1; ; attempt++) {
    const warnings: Warning[] = [];
    const logBefore = await readLog(source, warnings);
    const file = await readWhole(source, options);
    const header = readHeader(file);
    if (header === undefined) {
      throw new TraceOpenError(
        'damaged',
        `${printable(source.name)} begins like an SQLite database, but its header is damaged. Copy it again from where it was recorded.`,
        'a damaged SQLite database',
      );
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
    const pages = Math.ceil(bytes.length / merged.pageSize);
    if (pages < merged.pageCount) {
      warnings.push({
        code: 'truncated',
        message: `The file is cut: it holds ${pages} of the ${merged.pageCount} pages its header states (${bytes.length} bytes). Rows on the missing pages are not shown.`,
        rows: 0,
      });
      bytes = withMissingPages(bytes, pages, merged);
    }
    await lookForJournal(source, warnings);
    return { bytes, warnings };
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
  const index = indexWal(log);
  if (index === undefined || index.pageSize !== pageSize) {
    warnings.push({
      code: 'wal-unreadable',
      message:
        'The -wal beside the file is damaged or belongs to another database: rows that were only in it are missing here.',
      rows: 0,
    });
    return file;
  }
  const newer = newerPages(file, log, index);
  if (newer > 0) {
    warnings.push({
      code: 'wal-merged',
      message: `The newest version of ${newer} ${newer === 1 ? 'page' : 'pages'} was read from the -wal beside the file: the recorder had not moved them into it yet.`,
      rows: 0,
    });
  }
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

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1).replace(/\.0$/, '');
}
