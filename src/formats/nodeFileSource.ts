import type { Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { TraceOpenError } from '../trace/index.js';
import { printable } from './printable.js';
import type { TraceSource } from './reader.js';

/** Node reads at most 2 GiB at once; smaller pieces keep other threads of the pool going. */
const MOST_BYTES_A_READ = 256 * 1024 * 1024;

/**
 * A file of this machine, opened for reading only.
 *
 * @throws TraceOpenError 'not-found' or 'unreadable' (a folder, a pipe, no permission)
 */
export async function nodeFileSource(file: string): Promise<TraceSource> {
  const name = path.basename(file);
  let stats: Stats;
  let handle: FileHandle;
  try {
    // A pipe or device is told before it is opened: opening a pipe waits for its writer.
    stats = await stat(file);
    if (!stats.isFile()) {
      const kind = stats.isDirectory() ? 'a folder' : 'no regular file';
      throw new TraceOpenError('unreadable', `${printable(name)} is ${kind}: choose a trace file.`);
    }
    handle = await open(file, 'r');
  } catch (error) {
    throw asOpenError(error, name);
  }
  return {
    path: file,
    name,
    size: stats.size,
    identity: `${stats.dev}:${stats.ino}`,
    localPath: path.resolve(file),
    read: (offset, length) =>
      readPieces(handle, name, offset, Math.min(length, stats.size - offset)),
    companion: async (suffix) => {
      try {
        return await nodeFileSource(file + suffix);
      } catch (error) {
        if (error instanceof TraceOpenError && error.code === 'not-found') {
          return undefined;
        }
        throw error;
      }
    },
    close: () => handle.close(),
  };
}

async function readPieces(
  handle: FileHandle,
  name: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, length));
  let got = 0;
  try {
    while (got < bytes.length) {
      const piece = Math.min(MOST_BYTES_A_READ, bytes.length - got);
      const { bytesRead } = await handle.read(bytes, got, piece, offset + got);
      if (bytesRead === 0) {
        // The file became shorter since it was opened; what is left is for the reader to judge.
        return bytes.subarray(0, got);
      }
      got += bytesRead;
    }
  } catch (error) {
    throw asOpenError(error, name);
  }
  return bytes;
}

function asOpenError(error: unknown, name: string): unknown {
  if (error instanceof TraceOpenError || !(error instanceof Error) || !('code' in error)) {
    return error;
  }
  const file = printable(name);
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new TraceOpenError('not-found', `${file} does not exist.`);
    case 'EACCES':
    case 'EPERM':
      return new TraceOpenError('unreadable', `${file} may not be read: permission was denied.`);
    default:
      return new TraceOpenError('unreadable', `${file} cannot be read: ${error.message}.`);
  }
}
