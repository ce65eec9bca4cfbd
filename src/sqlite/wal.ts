import { clearWalMode } from './header.js';

/**
 * The committed content of a write-ahead log (https://sqlite.org/fileformat2.html#walformat): which
 * frame holds the newest version of each page.
 */
export interface WalIndex {
  /** bytes */
  readonly pageSize: number;
  /** pages of the database after the last commit; 0 where nothing is committed */
  readonly pageCount: number;
  /** page number (from 1) -> offset in the log of its newest committed content */
  readonly pages: ReadonlyMap<number, number>;
  /** frames up to the last commit */
  readonly committedFrames: number;
  /** whole frames after it: of an older run, of a transaction that never committed, or damaged */
  readonly ignoredFrames: number;
}

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC_LITTLE_ENDIAN = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;
const FORMAT_VERSION = 3_007_000;

/** SQLite's running checksum: two 32-bit sums over pairs of 32-bit words. */
class WalChecksum {
  private a = 0;
  private b = 0;

  constructor(
    private readonly view: DataView,
    private readonly littleEndian: boolean,
  ) {}

  /** Adds `length` bytes, a multiple of 8. */
  add(offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += 8) {
      this.a = (this.a + this.view.getUint32(at, this.littleEndian) + this.b) >>> 0;
      this.b = (this.b + this.view.getUint32(at + 4, this.littleEndian) + this.a) >>> 0;
    }
  }

  /** Whether the sums stored at `offset` (always big-endian) are those reached. */
  equals(offset: number): boolean {
    return this.view.getUint32(offset) === this.a && this.view.getUint32(offset + 4) === this.b;
  }
}

/**
 * Finds what a log commits, as SQLite's own recovery does: a frame counts while its salt is the
 * header's and the running checksum holds; all after the last commit frame is left out.
 *
 * @returns undefined where the bytes are no write-ahead log, or its header is damaged
 */
export function indexWal(wal: Uint8Array): WalIndex | undefined {
  if (wal.length < WAL_HEADER_BYTES) {
    return undefined;
  }
  const view = new DataView(wal.buffer, wal.byteOffset, wal.length);
  const magic = view.getUint32(0);
  const pageSize = view.getUint32(8);
  const possible = pageSize >= 512 && pageSize <= 65_536 && (pageSize & (pageSize - 1)) === 0;
  if (
    (magic !== MAGIC_LITTLE_ENDIAN && magic !== MAGIC_BIG_ENDIAN) ||
    view.getUint32(4) !== FORMAT_VERSION ||
    !possible
  ) {
    return undefined;
  }
  const checksum = new WalChecksum(view, magic === MAGIC_LITTLE_ENDIAN);
  checksum.add(0, 24);
  if (!checksum.equals(24)) {
    return undefined;
  }

  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const frames = Math.floor((wal.length - WAL_HEADER_BYTES) / frameBytes);
  const pages = new Map<number, number>();
  let uncommitted: [page: number, offset: number][] = [];
  let committedFrames = 0;
  let pageCount = 0;
  for (let frame = 0; frame < frames; frame++) {
    const at = WAL_HEADER_BYTES + frame * frameBytes;
    const page = view.getUint32(at);
    const sameSalt =
      view.getUint32(at + 8) === view.getUint32(16) &&
      view.getUint32(at + 12) === view.getUint32(20);
    if (page === 0 || !sameSalt) {
      break;
    }
    checksum.add(at, 8);
    checksum.add(at + FRAME_HEADER_BYTES, pageSize);
    if (!checksum.equals(at + 16)) {
      break;
    }
    uncommitted.push([page, at + FRAME_HEADER_BYTES]);
    const pagesAfterCommit = view.getUint32(at + 4);
    if (pagesAfterCommit > 0) {
      for (const [number, offset] of uncommitted) {
        pages.set(number, offset);
      }
      uncommitted = [];
      committedFrames = frame + 1;
      pageCount = pagesAfterCommit;
    }
  }
  return { pageSize, pageCount, pages, committedFrames, ignoredFrames: frames - committedFrames };
}

/**
 * The database as a reader with the log beside it would see it, in rollback-journal mode. Neither
 * argument is changed.
 *
 * @param index of `wal`, with the database's page size
 * @throws RangeError where the page sizes differ: the log belongs to another database
 */
export function mergeWal(
  database: Uint8Array,
  databasePageSize: number,
  wal: Uint8Array,
  index: WalIndex,
): Uint8Array {
  if (index.pageSize !== databasePageSize) {
    throw new RangeError(
      `the log has pages of ${index.pageSize} bytes, the database of ${databasePageSize}`,
    );
  }
  if (index.committedFrames === 0) {
    const copy = database.slice();
    clearWalMode(copy);
    return copy;
  }
  const merged = new Uint8Array(index.pageCount * index.pageSize);
  merged.set(database.subarray(0, merged.length));
  for (const [page, offset] of index.pages) {
    // A page beyond the last commit's size was freed by a vacuum: SQLite drops it, too.
    if (page <= index.pageCount) {
      merged.set(wal.subarray(offset, offset + index.pageSize), (page - 1) * index.pageSize);
    }
  }
  clearWalMode(merged);
  return merged;
}
