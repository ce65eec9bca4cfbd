import { isSqlite } from '../sqlite/header.js';
import { joinedBytes, TraceOpenError } from '../trace/index.js';
import { bytesSource } from './bytesSource.js';
import { contentChunks, type ContentState } from './content.js';
import { printable } from './printable.js';
import { probeSource } from './probe.js';
import type { Probe, ReadOptions, TraceSource } from './reader.js';
import { MOST_SQLITE_BYTES } from './sqliteDatabase.js';

/** Whether a file is an SQLite database packed with gzip (".rpd.gz"). */
export function isPackedDatabase(probe: Probe): boolean {
  return probe.gzip && isSqlite(probe.content);
}

/**
 * A file as SQLite can read it: itself, or, where it is packed with gzip, what it unpacks to, in memory. The
 * caller closes the file.
 *
 * @param packed whether it is packed; undefined where nobody has looked yet, then its first bytes are read
 * @throws TraceOpenError 'damaged' where it was cut or changed since it was packed, 'too-large' where it does
 * not fit in memory, 'unpacks-large'
 */
export async function plainDatabase(
  source: TraceSource,
  options: ReadOptions,
  packed?: boolean,
): Promise<TraceSource> {
  return (packed ?? isPackedDatabase(await probeSource(source)))
    ? unpacked(source, options)
    : source;
}

async function unpacked(source: TraceSource, options: ReadOptions): Promise<TraceSource> {
  const name = printable(source.name);
  const { progress, ...quiet } = options;
  const state: ContentState = { gzip: false, failure: undefined };
  const reading = {
    ...quiet,
    ...(progress && {
      progress: ({ fraction = 0 }) => progress({ stage: 'Unpacking the database', fraction }),
    }),
  };
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of contentChunks(source, reading, state)) {
    length += chunk.length;
    if (length > MOST_SQLITE_BYTES) {
      throw new TraceOpenError(
        'too-large',
        `${name} holds a database of more than ${MOST_SQLITE_BYTES / 2 ** 30} GiB, which does not fit in memory. Unpack it with gunzip and open the result.`,
      );
    }
    chunks.push(chunk);
  }
  if (state.failure !== undefined) {
    throw new TraceOpenError(
      'damaged',
      state.failure.kind === 'cut'
        ? `${name} is cut off. Copy it again from the machine that wrote it, or save what can be unpacked ("gzip -dc") and open that.`
        : `Bytes of ${name} have changed since it was packed, so what is in it cannot be trusted. Copy it again from the machine that wrote it.`,
    );
  }
  return bytesSource(source.path, source.name, joinedBytes(chunks));
}
