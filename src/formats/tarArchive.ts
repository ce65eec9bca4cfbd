import { parseTar, type ParsedTarFileItem } from 'nanotar';
import { TraceOpenError } from '../trace/index.js';
import { bytesSource } from './bytesSource.js';
import { contentChunks, type ContentState } from './content.js';
import { printable } from './printable.js';
import type { Probe, ReadOptions, TraceSource } from './reader.js';

/** Unpacked archives are held in memory; beyond this they are refused. Bytes. */
const MOST_UNPACKED = 2 ** 30;
/** Where a tar header has its magic: "ustar" (POSIX.1-1988), also in GNU archives. */
const MAGIC_AT = 257;
const MAGIC = 'ustar';
/** Files that archivers of macOS add for attributes of the real ones. */
const ATTRIBUTES = /(^|\/)(\._|__MACOSX\/|\.DS_Store$)/;

/** Whether a file is a tar archive, packed with gzip or not. */
export function isTar(probe: Probe): boolean {
  const magic = probe.content.subarray(MAGIC_AT, MAGIC_AT + MAGIC.length);
  return String.fromCharCode(...magic) === MAGIC;
}

/**
 * The files in a tar archive (".tar", ".tar.gz"), by name: usually one for each rank of a run. A name in
 * it is only shown: nothing is written or opened by it.
 *
 * @throws TraceOpenError where it is damaged, empty, or unpacks to more than 1 GiB
 */
export async function filesInTar(
  source: TraceSource,
  options: ReadOptions,
): Promise<readonly TraceSource[]> {
  const name = printable(source.name);
  const state: ContentState = { gzip: false, failure: undefined };
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of contentChunks(source, options, state)) {
    length += chunk.length;
    if (length > MOST_UNPACKED) {
      throw new TraceOpenError(
        'too-large',
        `${name} unpacks to more than 1 GiB, which is held in memory. Unpack it, and open the files of its folder together.`,
      );
    }
    chunks.push(chunk);
  }
  if (state.failure !== undefined) {
    throw new TraceOpenError(
      'damaged',
      `${name} is a damaged or cut archive: what is in it cannot be trusted. Copy it again, or unpack what can be saved and open that.`,
    );
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  const files = entriesOf(bytes, name).filter(
    (entry) => entry.type === 'file' && entry.size > 0 && !ATTRIBUTES.test(entry.name),
  );
  if (files.length === 0) {
    throw new TraceOpenError('not-a-trace', `${name} is an archive without any file in it.`);
  }
  return files
    .map((entry) => {
      if (entry.data === undefined || entry.data.length < entry.size) {
        throw new TraceOpenError(
          'damaged',
          `${name} ends in the middle of ${printable(entry.name)}: the archive was cut.`,
        );
      }
      const own = entry.name.slice(entry.name.lastIndexOf('/') + 1);
      return bytesSource(`${source.path}/${entry.name}`, own, entry.data);
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function entriesOf(bytes: Uint8Array, name: string): ParsedTarFileItem[] {
  try {
    return parseTar(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TraceOpenError('damaged', `${name} cannot be read as an archive: ${reason}`);
  }
}
