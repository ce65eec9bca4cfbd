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

  constructor(private readonly littleEndian: boolean) {}

  /** Adds `length` bytes, a multiple of 8. */
  add(view: DataView, offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += 8) {
      this.a = (this.a + view.getUint32(at, this.littleEndian) + this.b) >>> 0;
      this.b = (this.b + view.getUint32(at + 4, this.littleEndian) + this.a) >>> 0;
    }
  }

  /** Whether the sums stored at `offset` (always big-endian) are those reached. */
  equals(view: DataView, offset: number): boolean {
    return view.getUint32(offset) === this.a && view.getUint32(offset + 4) === this.b;
  }
}

/**
 * Finds what a log commits, as SQLite's own recovery does: a frame counts while its salt is the
 * header's and the running checksum holds; all after the last commit frame is left out.
 */
class WalScan {
  private readonly pages = new Map<number, number>();
  private uncommitted: [page: number, offset: number][] = [];
  private committedFrames = 0;
  private pageCount = 0;
  private seen = 0;

  private constructor(
    readonly pageSize: number,
    private readonly salt: readonly [number, number],
    private readonly checksum: WalChecksum,
  ) {}

  /** undefined where the bytes are no header of a log, or a damaged one. */
  static begin(header: Uint8Array): WalScan | undefined {
    if (header.length < WAL_HEADER_BYTES) {
      return undefined;
    }
    const view = viewOf(header);
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
    const checksum = new WalChecksum(magic === MAGIC_LITTLE_ENDIAN);
    checksum.add(view, 0, 24);
    return checksum.equals(view, 24)
      ? new WalScan(pageSize, [view.getUint32(16), view.getUint32(20)], checksum)
      : undefined;
  }

  get frameBytes(): number {
    return FRAME_HEADER_BYTES + this.pageSize;
  }

  /** Takes the whole frames that follow those taken. @returns false where none after them can count */
  take(frames: Uint8Array): boolean {
    const view = viewOf(frames);
    for (let at = 0; at + this.frameBytes <= frames.length; at += this.frameBytes) {
      const page = view.getUint32(at);
      const sameSalt =
        view.getUint32(at + 8) === this.salt[0] && view.getUint32(at + 12) === this.salt[1];
      if (page === 0 || !sameSalt) {
        return false;
      }
      this.checksum.add(view, at, 8);
      this.checksum.add(view, at + FRAME_HEADER_BYTES, this.pageSize);
      if (!this.checksum.equals(view, at + 16)) {
        return false;
      }
      const offset = WAL_HEADER_BYTES + this.seen * this.frameBytes + FRAME_HEADER_BYTES;
      this.uncommitted.push([page, offset]);
      this.seen++;
      const pagesAfterCommit = view.getUint32(at + 4);
      if (pagesAfterCommit > 0) {
        for (const [number, content] of this.uncommitted) {
          this.pages.set(number, content);
        }
        this.uncommitted = [];
        this.committedFrames = this.seen;
        this.pageCount = pagesAfterCommit;
      }
    }
    return true;
  }

  /** @param walBytes of the whole log */
  index(walBytes: number): WalIndex {
    const { pageSize, pageCount, pages, committedFrames } = this;
    const frames = Math.floor((walBytes - WAL_HEADER_BYTES) / this.frameBytes);
    return { pageSize, pageCount, pages, committedFrames, ignoredFrames: frames - committedFrames };
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** @returns undefined where the bytes are no write-ahead log, or its header is damaged */
export function indexWal(wal: Uint8Array): WalIndex | undefined {
  const scan = WalScan.begin(wal.subarray(0, WAL_HEADER_BYTES));
  scan?.take(wal.subarray(WAL_HEADER_BYTES));
  return scan?.index(wal.length);
}

/** Frames of a log read at once. */
const FRAMES_A_READ = 4096;

/**
 * As `indexWal`, of a log that is read piece by piece and never lies in memory.
 * @param read at most `length` bytes from `offset`; fewer only at the end
 */
export async function indexWalInPieces(
  size: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
): Promise<WalIndex | undefined> {
  const scan = WalScan.begin(await read(0, WAL_HEADER_BYTES));
  if (scan === undefined) {
    return undefined;
  }
  for (let at = WAL_HEADER_BYTES; at < size;) {
    const piece = await read(at, FRAMES_A_READ * scan.frameBytes);
    if (piece.length < scan.frameBytes || !scan.take(piece)) {
      break;
    }
    at += piece.length;
  }
  return scan.index(size);
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
