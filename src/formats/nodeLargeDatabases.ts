import { constants } from 'node:fs';
import { copyFile, mkdir, open, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { NODE_WITH_SQLITE, nodeSqlite } from '../sqlite/nodeSqliteEngine.js';
import { throwIfCancelled, TraceOpenError } from '../trace/index.js';
import { printable } from './printable.js';
import type { DatabaseCopy, LargeDatabases, ReadOptions, TraceSource } from './reader.js';
import { gib } from './sqliteDatabase.js';

const PIECE_BYTES = 16 * 1024 * 1024;
/** bytes that stay free beside a copy, for SQLite's own temporary files */
const SPARE_BYTES = 256 * 1024 * 1024;

/**
 * How a Node host treats databases beyond a size.
 *
 * @param beyond bytes
 * @param scratch a folder for copies, made when there is one; who gives it deletes it
 */
export function nodeLargeDatabases(beyond: number, scratch: string): LargeDatabases {
  return {
    beyond: nodeSqlite() === undefined ? undefined : beyond,
    needs: `Larger ones are read where they lie by Node ${NODE_WITH_SQLITE} or later, as a current VS Code has it; this is Node ${process.versions.node}.`,
    copy: (source, why, options) => copyDatabase(source, scratch, why, options),
  };
}

async function copyDatabase(
  source: TraceSource,
  scratch: string,
  why: string,
  options: ReadOptions,
): Promise<DatabaseCopy> {
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(scratch);
  const free = bavail * bsize;
  if (free < source.size + SPARE_BYTES) {
    throw new TraceOpenError(
      'too-large',
      `${printable(source.name)} has to be copied to be read (${why}), and ${printable(path.dirname(scratch))} has ${gib(free)} GiB free of the ${gib(source.size + SPARE_BYTES)} GiB it takes. Free some space there, or name a larger disk in the environment variable TMPDIR.`,
    );
  }
  const target = path.join(scratch, `${process.hrtime.bigint()}.db`);
  const remove = () => rm(target, { force: true });
  try {
    if (!(await cloned(source, target))) {
      await copyPieces(source, target, options);
    }
    const handle = await open(target, 'r+');
    return {
      path: target,
      write: async (offset, bytes) => {
        for (let at = 0; at < bytes.length;) {
          const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, offset + at);
          at += bytesWritten;
        }
      },
      resize: (bytes) => handle.truncate(bytes),
      finish: () => handle.close(),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Whether the file system made the copy without copying, which takes no time and no room. */
async function cloned(source: TraceSource, target: string): Promise<boolean> {
  if (source.localPath === undefined) {
    return false;
  }
  try {
    await copyFile(source.localPath, target, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false; // most file systems cannot; what else is wrong the plain copy says
  }
}

async function copyPieces(
  source: TraceSource,
  target: string,
  options: ReadOptions,
): Promise<void> {
  const handle = await open(target, 'w', 0o600);
  try {
    for (let at = 0; at < source.size;) {
      throwIfCancelled(options.signal);
      options.progress?.({ stage: 'Copying the database', fraction: at / source.size });
      const piece = await source.read(at, PIECE_BYTES);
      if (piece.length === 0) {
        break; // the file became shorter
      }
      for (let done = 0; done < piece.length;) {
        const { bytesWritten } = await handle.write(piece, done, piece.length - done, at + done);
        done += bytesWritten;
      }
      at += piece.length;
    }
    throwIfCancelled(options.signal);
  } finally {
    await handle.close();
  }
}
