import { Gunzip } from 'fflate';
import { throwIfCancelled, TraceOpenError } from '../../trace/index.js';
import { pause } from '../pause.js';
import type { ReadOptions, TraceSource } from '../reader.js';
import { Crc32 } from './crc32.js';

const PLAIN_CHUNK = 4 << 20;
const GZIP_READ = 256 << 10;
/** Stored bytes unpacked at once: at the highest ratio of gzip, 1,032, some 64 MiB of text. */
const GZIP_SLICE = 64 << 10;

/** What was found out about the file's packing while its content was read. */
export interface ContentState {
  gzip: boolean;
  /** where and how unpacking stopped, in stored bytes; undefined where it went well or is not gzip */
  failure: { kind: 'cut' | 'damaged' | 'checksum'; at: number } | undefined;
}

/**
 * The bytes of a file, unpacked where it is gzip, in chunks. A damaged or cut gzip gives what can be
 * unpacked and says so in `state`; it does not throw for it. What comes before a cut is right; where
 * bytes were changed, wrong text may come long before it is noticed.
 * @throws TraceOpenError from the source, for an empty file and for a gzip without any content; the
 * signal's reason once it is aborted
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
  let unpacked: Uint8Array[] = [];
  const checksum = new Crc32();
  let length = 0;
  let members = 1;
  const gunzip = new Gunzip((chunk) => {
    checksum.add(chunk);
    length += chunk.length;
    unpacked.push(chunk);
  });
  gunzip.onmember = () => {
    members++;
  };
  let at = 0;
  let tail: Uint8Array = new Uint8Array(0);
  for await (const chunk of stored(source, options, GZIP_READ)) {
    for (let offset = 0; offset < chunk.length; offset += GZIP_SLICE) {
      const slice = chunk.slice(offset, offset + GZIP_SLICE);
      try {
        gunzip.push(slice, false);
      } catch {
        // fflate's errors are words for programmers; where it stopped is what people need.
        state.failure = { kind: 'damaged', at };
      }
      yield* unpacked;
      unpacked = [];
      if (state.failure !== undefined) {
        return;
      }
      at += slice.length;
    }
    tail = lastBytes(tail, chunk);
  }
  try {
    gunzip.push(new Uint8Array(0), true);
  } catch {
    state.failure = { kind: 'cut', at };
  }
  yield* unpacked;
  // The checksum covers one member; files of several are rare and their JSON shows damage anyway.
  if (state.failure === undefined && members === 1 && tail.length === 8) {
    const view = new DataView(tail.buffer, tail.byteOffset, 8);
    if (view.getUint32(0, true) !== checksum.value || view.getUint32(4, true) !== length >>> 0) {
      state.failure = { kind: 'checksum', at };
    }
  }
}

/** The last eight bytes of what was read so far. */
function lastBytes(before: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (chunk.length >= 8) {
    return chunk.slice(chunk.length - 8);
  }
  const joined = new Uint8Array(before.length + chunk.length);
  joined.set(before);
  joined.set(chunk, before.length);
  return joined.slice(Math.max(0, joined.length - 8));
}
