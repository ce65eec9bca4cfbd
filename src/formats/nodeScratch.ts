import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Folders for copies of large databases. A session has one, named with its process and made only when
 * something is copied; it goes with the session. What a crash left is swept by a later process.
 */
const PREFIX = 'layerscope-copy-';

/** As SQLite looks for a place for its own temporary files: `/tmp` is often memory, `/var/tmp` a disk. */
function parentFolder(): string {
  const { TMPDIR } = process.env;
  if (process.platform === 'win32' || (TMPDIR !== undefined && TMPDIR !== '')) {
    return tmpdir();
  }
  try {
    accessSync('/var/tmp', constants.W_OK);
    return '/var/tmp';
  } catch {
    return tmpdir(); // no such folder here, or not for us
  }
}

/** Processes of other machines or containers that share the folder have numbers of their own. */
function ofThisHost(): string {
  return `${PREFIX}${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-`;
}

/** The path of a folder that does not exist yet. */
export function newScratchPath(parent = parentFolder()): string {
  return path.join(parent, `${ofThisHost()}${process.pid}-${randomBytes(4).toString('hex')}`);
}

/** Deletes a session's folder where it has one. */
export async function removeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Deletes the folders of processes that are gone. Those it may not delete belong to somebody else. */
export async function sweepScratch(parent = parentFolder()): Promise<void> {
  const own = ofThisHost();
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith(own))) {
    const pid = Number(name.slice(own.length).split('-')[0]);
    if (Number.isSafeInteger(pid) && pid > 0 && !isRunning(pid)) {
      await removeScratch(path.join(parent, name)).catch(() => undefined);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else's.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
}
