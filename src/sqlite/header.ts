/** The first 100 bytes of an SQLite database (https://sqlite.org/fileformat2.html#the_database_header). */
export interface SqliteHeader {
  /** bytes: 512 to 65,536 */
  readonly pageSize: number;
  /** bytes at the end of each page that hold no content (extensions use them); usually 0 */
  readonly reservedBytes: number;
  /** true where the file was written in write-ahead-log mode: rows may lie in a `-wal` beside it */
  readonly walMode: boolean;
  /** pages the header promises; 0 where its writer did not keep the figure */
  readonly pageCount: number;
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be';
}

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
const WRITE_VERSION = 18;
const READ_VERSION = 19;
const LEGACY = 1;
const WAL = 2;

/** True where the bytes begin as every SQLite database does. */
export function isSqlite(head: Uint8Array): boolean {
  if (head.length < MAGIC.length) {
    return false;
  }
  for (let i = 0; i < MAGIC.length; i++) {
    if (head[i] !== MAGIC.charCodeAt(i)) {
      return false;
    }
  }
  return true;
}

/** Reads the header; undefined where the bytes are no SQLite database or its page size is impossible. */
export function readHeader(head: Uint8Array): SqliteHeader | undefined {
  if (!isSqlite(head) || head.length < HEADER_BYTES) {
    return undefined;
  }
  const view = new DataView(head.buffer, head.byteOffset, HEADER_BYTES);
  const stated = view.getUint16(16);
  const pageSize = stated === 1 ? 65_536 : stated;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) {
    return undefined;
  }
  // The page count counts only where the writer kept it up to date with the change counter.
  const kept = view.getUint32(24) === view.getUint32(92);
  const encoding = view.getUint32(56);
  return {
    pageSize,
    reservedBytes: head[20],
    walMode: head[WRITE_VERSION] === WAL || head[READ_VERSION] === WAL,
    pageCount: kept ? view.getUint32(28) : 0,
    encoding: encoding === 2 ? 'utf-16le' : encoding === 3 ? 'utf-16be' : 'utf-8',
  };
}

/**
 * Marks a copy of a database as rollback-journal mode, so that SQLite opens it without looking for a
 * `-wal` and `-shm`. Changes `database` in place: give it a copy, never the file's only bytes.
 */
export function clearWalMode(database: Uint8Array): void {
  if (database[WRITE_VERSION] === WAL) {
    database[WRITE_VERSION] = LEGACY;
  }
  if (database[READ_VERSION] === WAL) {
    database[READ_VERSION] = LEGACY;
  }
}

/**
 * States in a copy of a database how many pages it has. SQLite refuses to open a file that is shorter
 * than its header says; with the true count it reads what is there. Changes `database` in place.
 */
export function statePageCount(database: Uint8Array, pages: number): void {
  new DataView(database.buffer, database.byteOffset, HEADER_BYTES).setUint32(28, pages);
}
