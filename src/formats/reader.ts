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
}

/** What a file says of its rank, as far as a few reads tell. */
export interface StatedRank {
  /** -1 where it does not say, or holds several ranks */
  readonly rank: number;
  /** ranks of the job; -1 where it does not say */
  readonly worldSize: number;
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
