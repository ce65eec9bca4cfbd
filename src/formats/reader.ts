import type { FormatId, ReportProgress, Trace } from '../trace/index.js';
import type { UnpackAllowance } from './unpackAllowance.js';

/** Ranged reads over a file wherever it lies. Reading never changes anything. */
export interface TraceSource {
  /** as shown to people and stored in `TraceFile.path` */
  readonly path: string;
  readonly name: string;
  /** bytes */
  readonly size: number;
  /** the same for all names of one file (links, other spellings of its path), where the host can tell */
  readonly identity?: string;
  /** the file's path on this machine, where SQLite can open it by itself */
  readonly localPath?: string;
  /**
   * At most `length` bytes from `offset`; fewer only at the end of the file.
   * @throws TraceOpenError where the file went away or may not be read
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * The file beside this one whose name is this name plus `suffix` ("-wal"); undefined where there
   * is none. The caller closes it. A source that cannot look beside itself leaves this out.
   * @throws TraceOpenError where it exists and may not be read
   */
  companion?(suffix: string): Promise<TraceSource | undefined>;
  close(): Promise<void>;
}

/** The first bytes of a file, and of what it unpacks to where it is gzip. */
export interface Probe {
  readonly source: TraceSource;
  /** up to 64 KiB as stored */
  readonly head: Uint8Array;
  /** up to 64 KiB after gunzip; equal to `head` where it is not gzip */
  readonly content: Uint8Array;
  readonly gzip: boolean;
}

export interface ReadOptions {
  readonly progress?: ReportProgress;
  readonly signal?: AbortSignal;
  /** how much may be unpacked of all files together; left out: of each what its size allows */
  readonly unpacking?: UnpackAllowance;
  /** what the host does with databases that are too large for memory; nothing where it is left out */
  readonly largeDatabases?: LargeDatabases;
}

/** What a host does with SQLite databases that are too large for memory. */
export interface LargeDatabases {
  /** bytes: a larger file is read where it lies; undefined where the host has no engine that can */
  readonly beyond: number | undefined;
  /** what it takes to open larger ones here, as a sentence; read where `beyond` is undefined */
  readonly needs: string;
  /**
   * Copies a file for an engine to work on, where it cannot be read as it lies.
   * @throws TraceOpenError where there is no room
   */
  copy(source: TraceSource, why: string, options: ReadOptions): Promise<DatabaseCopy>;
}

/** A copy of a file in a temporary folder. */
export interface DatabaseCopy {
  readonly path: string;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes it this long: cuts it, or fills it with zeros. */
  resize(bytes: number): Promise<void>;
  /** No more is written; the file stays. */
  finish(): Promise<void>;
  remove(): Promise<void>;
}

/** What a file says of its rank, as far as a few reads tell. */
export interface StatedRank {
  /** -1 where it does not say, or holds several ranks */
  readonly rank: number;
  /** ranks of the job; -1 where it does not say */
  readonly worldSize: number;
  /** the file was merged from those of several ranks */
  readonly several?: boolean;
  /** name of its GPU; '' where it does not say, or names several */
  readonly device: string;
}
export const NO_RANK: StatedRank = { rank: -1, worldSize: -1, device: '' };

/** One trace format. A format is told by content, never by the file's name. */
export interface FormatReader {
  readonly id: FormatId;
  readonly label: string;
  /** Cheap and without side effects; SQLite formats look at the schema, JSON formats at the text. */
  detect(probe: Probe): Promise<boolean>;
  /**
   * The rank a file states, without reading it whole; left out where the format has no place for it.
   * Never fails: what cannot be read states nothing.
   */
  rank?(probe: Probe): Promise<StatedRank>;
  /** @throws TraceOpenError */
  read(source: TraceSource, options: ReadOptions): Promise<Trace>;
}
