import { Gunzip } from 'fflate';
import { throwIfCancelled, TraceOpenError } from '../trace/index.js';
import { pause } from './pause.js';
import type { ReadOptions, TraceSource } from './reader.js';
import { Crc32 } from './crc32.js';
import { allowanceBySize } from './unpackAllowance.js';

const PLAIN_CHUNK = 4 << 20;
const GZIP_READ = 256 << 10;
/** Stored bytes unpacked at once: at the highest ratio of gzip, 1,032, some 64 MiB of text. */
const GZIP_SLICE = 64 << 10;

/** What was found out about the file's packing while its content was read. */
export interface ContentState {
  gzip: boolean;
  /** where and how unpacking stopped, in stored bytes; undefined where it went well or is not gzip */
  failure: { readonly kind: 'cut' | 'damaged' | 'checksum'; readonly at: number } | undefined;
}

/**
 * The bytes of a file, unpacked where it is gzip, in chunks. A damaged or cut gzip gives what can be
 * unpacked and says so in `state`; it does not throw for it. What comes before a cut is right; where
 * bytes were changed, wrong text may come long before it is noticed.
 * @throws TraceOpenError from the source, for an empty file, for a gzip without any content and, before more
 * is unpacked than may be, 'unpacks-large'; the signal's reason once it is aborted
 */
export async function* contentChunks(
  source: TraceSource,
  options: ReadOptions,
  state: ContentState,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (source.size === 0) {
    throw new TraceOpenError('empty', 'The file is empty.');
  }
  const magic = await source.read(0, 2);
  state.gzip = magic.length === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  yield* state.gzip ? gunzipped(source, options, state) : plain(source, options);
}

async function* stored(
  source: TraceSource,
  options: ReadOptions,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  while (offset < source.size) {
    // Sources in memory answer at once: without this no cancellation would come through.
    await pause();
    throwIfCancelled(options.signal);
    const chunk = await source.read(offset, size);
    if (chunk.length === 0) {
      // The file became shorter while it was read: the JSON will be found cut.
      return;
    }
    yield chunk;
    offset += chunk.length;
    options.progress?.({ stage: 'Reading events', fraction: Math.min(1, offset / source.size) });
  }
  throwIfCancelled(options.signal);
}

function plain(
  source: TraceSource,
  options: ReadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  return stored(source, options, PLAIN_CHUNK);
}

async function* gunzipped(
  source: TraceSource,
  options: ReadOptions,
  state: ContentState,
): AsyncGenerator<Uint8Array, void, undefined> {
  const allowance = options.unpacking ?? allowanceBySize(source);
  await allowance.foresee(source);
  const gunzip = new CheckedGunzip();
  let unpacked = 0;
  for await (const chunk of stored(source, options, GZIP_READ)) {
    for (let offset = 0; offset < chunk.length; offset += GZIP_SLICE) {
      for (const part of gunzip.push(chunk.slice(offset, offset + GZIP_SLICE))) {
        unpacked += part.length;
        allowance.count(source, unpacked);
        yield part;
      }
      if (gunzip.failure !== undefined) {
        state.failure = gunzip.failure;
        return;
      }
    }
  }
  gunzip.end();
  state.failure = gunzip.failure;
}

/** Bytes kept to find the checksum before a member's header, whose file name may be long. */
const KEPT_BYTES = 4096;
/** A gzip file of nothing. */
const EMPTY_MEMBER = Uint8Array.of(
  ...[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff],
  ...[3, 0],
  ...[0, 0, 0, 0, 0, 0, 0, 0],
);

/** Unpacks gzip of one or several members and holds each member to its own checksum and length. */
class CheckedGunzip {
  failure: ContentState['failure'];
  private unpacked: Uint8Array[] = [];
  private checksum = new Crc32();
  /** bytes unpacked of this member */
  private length = 0;
  /** stored bytes pushed */
  private at = 0;
  /** the last of them, and after them those being unpacked now */
  private recent: Uint8Array = new Uint8Array(0);
  /** position of its first byte among all stored bytes */
  private recentFrom = 0;
  /** where the last member began that another one stood before */
  private memberAt = 0;
  private readonly gunzip = new Gunzip((chunk) => {
    this.checksum.add(chunk);
    this.length += chunk.length;
    this.unpacked.push(chunk);
  });

  constructor() {
    this.gunzip.onmember = (offset) => {
      this.memberAt = offset;
      this.checkMemberBefore(offset);
    };
  }

  /** @returns what these bytes unpack to, as far as nothing is wrong with them */
  push(stored: Uint8Array): Uint8Array[] {
    this.remember(stored);
    try {
      this.gunzip.push(stored, false);
    } catch {
      // fflate's errors are words for programmers; where it stopped is what people need.
      this.failure ??= { kind: 'damaged', at: this.at };
    }
    this.at += stored.length;
    const unpacked = this.unpacked;
    this.unpacked = [];
    return unpacked;
  }

  /**
   * Ends the input. fflate takes some cuts for the end (one in ten, where the bits left over make no
   * whole symbol): whether a member has ended is found by whether another one can begin.
   */
  end(): void {
    const total = this.at;
    this.push(EMPTY_MEMBER);
    if (this.memberAt !== total && this.failure?.kind !== 'checksum') {
      this.failure = { kind: 'cut', at: total };
    }
  }

  private checkMemberBefore(offset: number): void {
    const end = offset - this.recentFrom;
    const trailer = this.recent.subarray(Math.max(0, end - 8), Math.max(0, end));
    if (trailer.length === 8) {
      const view = new DataView(trailer.buffer, trailer.byteOffset, 8);
      const right =
        view.getUint32(0, true) === this.checksum.value &&
        view.getUint32(4, true) === this.length >>> 0;
      this.failure ??= right ? undefined : { kind: 'checksum', at: offset };
    }
    this.checksum = new Crc32();
    this.length = 0;
  }

  private remember(stored: Uint8Array): void {
    const kept = this.recent.subarray(Math.max(0, this.recent.length - KEPT_BYTES));
    const joined = new Uint8Array(kept.length + stored.length);
    joined.set(kept);
    joined.set(stored, kept.length);
    this.recent = joined;
    this.recentFrom = this.at - kept.length;
  }
}
