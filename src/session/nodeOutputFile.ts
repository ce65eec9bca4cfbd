import { randomBytes } from 'node:crypto';
import { rmSync, type Stats } from 'node:fs';
import { link, lstat, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { visibleText } from '../analysis/visibleText.js';

/** What SQLite would take for part of a database that lies beside it. */
const SIDE_FILES = ['-wal', '-shm', '-journal'];
/** Nothing can be written there; the message says why and what to do. */
export class OutputPlaceError extends Error {
  override readonly name = 'OutputPlaceError';
}

/** Writing failed on the way: a full disk, a closed device. */
export class OutputWriteError extends Error {
  override readonly name = 'OutputWriteError';
}

export interface OutputRequest {
  readonly path: string;
  /** an existing file may be replaced */
  readonly force: boolean;
  /** files that are read for it, which are never written to */
  readonly inputs: readonly string[];
}

/**
 * A file that appears under its name when it is whole: it is written under another name in the same
 * folder, which is gone whatever happens.
 */
export class OutputFile {
  bytes = 0;

  private constructor(
    private readonly request: OutputRequest,
    private readonly temporary: string,
    private readonly handle: FileHandle,
  ) {}

  /**
   * @throws OutputPlaceError where the place is one of the inputs, taken, or no place for a file
   */
  static async create(request: OutputRequest): Promise<OutputFile> {
    await refuse(request);
    const folder = dirname(resolve(request.path));
    const name = `.${basename(request.path)}.${randomBytes(6).toString('hex')}.part`;
    const temporary = join(folder, name);
    try {
      return new OutputFile(request, temporary, await open(temporary, 'wx'));
    } catch (error) {
      throw new OutputPlaceError(
        `${visibleText(request.path)} cannot be written: ${sentenceOf(error)}`,
      );
    }
  }

  /** @throws OutputWriteError */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.handle.writeFile(bytes);
    } catch (error) {
      throw this.failure(error);
    }
    this.bytes += bytes.length;
  }

  /** Gives the file its name. @throws OutputWriteError, OutputPlaceError where the name was taken meanwhile */
  async finish(): Promise<void> {
    const { path, force } = this.request;
    try {
      await this.handle.sync();
      await this.handle.close();
      if (force) {
        await rename(this.temporary, path);
      } else {
        await nameWithoutReplacing(this.temporary, path);
      }
    } catch (error) {
      await this.abandon();
      throw error instanceof OutputPlaceError ? error : this.failure(error);
    }
  }

  /** Takes away what was written. */
  async abandon(): Promise<void> {
    // Either may have happened already; what matters is that nothing is left.
    await Promise.allSettled([this.handle.close(), unlink(this.temporary)]);
  }

  /** The same at once, where the process is about to end. */
  abandonAtOnce(): void {
    rmSync(this.temporary, { force: true });
  }

  private failure(error: unknown): OutputWriteError {
    return new OutputWriteError(
      `${visibleText(this.request.path)} cannot be written: ${sentenceOf(error)}`,
    );
  }
}

/** @throws OutputPlaceError */
async function refuse({ path, force, inputs }: OutputRequest): Promise<void> {
  const shown = visibleText(path);
  const place = resolve(path);
  const target = await existing(() => stat(path));
  for (const input of inputs) {
    const own = await existing(() => stat(input));
    const isSame = target !== undefined && own !== undefined && isSameFile(target, own);
    const isBeside = SIDE_FILES.some((suffix) => place === `${resolve(input)}${suffix}`);
    if (isSame || place === resolve(input) || isBeside) {
      throw new OutputPlaceError(
        isBeside
          ? `${shown} would be taken for a part of ${visibleText(input)}. Choose another name.`
          : `${shown} is ${visibleText(input)} itself, which is read here and never written to. Choose another name.`,
      );
    }
  }
  if (target?.isDirectory() === true) {
    throw new OutputPlaceError(`${shown} is a folder. Say the name of a file in it.`);
  }
  if (target !== undefined && !target.isFile()) {
    throw new OutputPlaceError(`${shown} is no regular file.`);
  }
  // A link that leads nowhere is there, too.
  if (!force && (await existing(() => lstat(path))) !== undefined) {
    throw new OutputPlaceError(
      `${shown} exists already. Choose another name, or replace it by --force.`,
    );
  }
  for (const suffix of SIDE_FILES) {
    if ((await existing(() => lstat(path + suffix))) !== undefined) {
      throw new OutputPlaceError(
        `${shown}${suffix} lies there, the log of another database of that name. Move it away, or choose another name.`,
      );
    }
  }
  if ((await existing(() => stat(dirname(place)))) === undefined) {
    throw new OutputPlaceError(`The folder of ${shown} does not exist.`);
  }
}

function isSameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** undefined where nothing is there. */
async function existing(look: () => Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await look();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return undefined;
    }
    throw new OutputPlaceError(sentenceOf(error));
  }
}

/** A link never replaces what is there; where the file system has none, the name is looked at first. */
async function nameWithoutReplacing(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
    await unlink(temporary);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new OutputPlaceError(
        `${visibleText(path)} was made by someone else meanwhile; it was left.`,
      );
    }
  }
  if ((await existing(() => lstat(path))) !== undefined) {
    throw new OutputPlaceError(
      `${visibleText(path)} was made by someone else meanwhile; it was left.`,
    );
  }
  await rename(temporary, path);
}

function sentenceOf(error: unknown): string {
  return visibleText(error instanceof Error ? error.message : String(error));
}
