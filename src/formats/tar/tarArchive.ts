import { TraceOpenError } from '../../trace/index.js';
import { bytesSource } from '../bytesSource.js';
import { contentChunks, type ContentState } from '../content.js';
import { printable } from '../printable.js';
import type { Probe, ReadOptions, TraceSource } from '../reader.js';
import { ForwardBytes } from './forwardBytes.js';
import { cutInEntry, tarEntries, type TarEntry } from './tarEntries.js';

/** What is unpacked of an archive is held in memory; beyond this it is refused. Bytes. */
const MOST_HELD = 2 ** 30;
/** While an archive is looked through, so much is kept lest it be unpacked a second time. Bytes. */
const MOST_KEPT = 2 ** 28;
/** Of what is not kept, this much of its beginning and of its end is there to look at. Bytes. */
const GLIMPSE = 64 * 1024;
/** Where a tar header has its magic: "ustar" (POSIX.1-1988), also in GNU archives. */
const MAGIC_AT = 257;
const MAGIC = 'ustar';

/** Whether a file is a tar archive, packed with gzip or not. */
export function isTar(probe: Probe): boolean {
  const magic = probe.content.subarray(MAGIC_AT, MAGIC_AT + MAGIC.length);
  return String.fromCharCode(...magic) === MAGIC;
}

/** A file of an archive, while the archive is looked through. */
export interface ArchivedFile {
  readonly entry: TarEntry;
  readonly source: TraceSource;
  /** whether `source` has all bytes of the file; else only some of its beginning and end */
  readonly whole: boolean;
}

/**
 * An archive of traces, usually one of each rank of a run. A name in it is only shown: nothing is
 * written or opened by it. A plain one is read in ranges where it lies. One packed with gzip can only
 * be unpacked from its beginning: what is read of it is held in memory.
 */
export class TarArchive {
  private readonly held = new Map<number, Uint8Array>();
  private entries: readonly TarEntry[] = [];

  /**
   * @param open opens the archive itself; each source given out closes what it opened
   * @param mostKept bytes kept while a packed archive is looked through
   */
  constructor(
    private readonly path: string,
    private readonly name: string,
    private readonly packed: boolean,
    private readonly open: () => Promise<TraceSource>,
    private readonly mostKept = MOST_KEPT,
  ) {}

  /**
   * Goes through the archive once, and hands over each file; its source is valid during the call.
   *
   * @throws TraceOpenError where it is damaged or has no file
   */
  async visit(visitor: (file: ArchivedFile) => Promise<void>, options: ReadOptions): Promise<void> {
    const archive = await this.open();
    try {
      const entries: TarEntry[] = [];
      if (this.packed) {
        let kept = 0;
        await this.unpack(archive, options, async (entry, bytes) => {
          entries.push(entry);
          kept += entry.size;
          if (kept > this.mostKept) {
            this.held.clear();
          }
          const whole = kept <= this.mostKept;
          const seen = await (whole ? wholeOf(bytes, entry) : glimpseOf(bytes, entry));
          if (whole) {
            this.held.set(entry.offset, seen.head);
          }
          await visitor({ entry, whole, source: this.glimpseSource(entry, seen) });
        });
        this.entries = entries;
      } else {
        for await (const entry of tarEntries(printable(this.name), (offset, length) =>
          archive.read(offset, length),
        )) {
          if (entry.offset + entry.size > archive.size) {
            throw cutInEntry(printable(this.name), entry);
          }
          entries.push(entry);
        }
        this.entries = entries;
        for (const entry of entries) {
          options.signal?.throwIfAborted();
          await visitor({ entry, whole: true, source: this.rangeOf(archive, entry) });
        }
      }
      if (entries.length === 0) {
        throw new TraceOpenError(
          'not-a-trace',
          `${printable(this.name)} is an archive without any file in it.`,
        );
      }
    } finally {
      await archive.close();
    }
  }

  /**
   * Makes entries ready to be opened: of a packed archive they are unpacked, in one pass.
   *
   * @throws TraceOpenError where they do not fit in memory, or the archive is damaged
   */
  async hold(wanted: readonly TarEntry[], options: ReadOptions): Promise<void> {
    if (!this.packed || wanted.every(({ offset }) => this.held.has(offset))) {
      return;
    }
    const paths = new Set(wanted.flatMap(({ path }) => [path, `${path}-wal`]));
    const needed = this.entries.filter(({ path }) => paths.has(path));
    const offsets = new Set(needed.map(({ offset }) => offset));
    if (needed.reduce((sum, { size }) => sum + size, 0) > MOST_HELD) {
      throw new TraceOpenError(
        'too-large',
        `What was chosen of ${printable(this.name)} unpacks to more than 1 GiB, which is held in memory. Choose fewer ranks, or unpack it and open its folder.`,
      );
    }
    this.held.clear();
    const archive = await this.open();
    try {
      await this.unpack(archive, options, async (entry, bytes) => {
        if (offsets.has(entry.offset)) {
          this.held.set(entry.offset, (await wholeOf(bytes, entry)).head);
        }
      });
    } finally {
      await archive.close();
    }
  }

  /** Lets go of what `visit` and `hold` keep in memory. */
  release(): void {
    this.held.clear();
  }

  /** A file of the archive, which `hold` has made ready. */
  async source(entry: TarEntry): Promise<TraceSource> {
    if (!this.packed) {
      const archive = await this.open();
      return { ...this.rangeOf(archive, entry), close: () => archive.close() };
    }
    const bytes = this.held.get(entry.offset);
    if (bytes === undefined) {
      throw new Error(`${entry.path} was not unpacked`);
    }
    return this.glimpseSource(entry, { head: bytes, tail: bytes });
  }

  /** Where an entry is, as shown to people. */
  pathOf(entry: TarEntry): string {
    return `${this.path}/${entry.path}`;
  }

  private async unpack(
    archive: TraceSource,
    options: ReadOptions,
    visitor: (entry: TarEntry, bytes: ForwardBytes) => Promise<void>,
  ): Promise<void> {
    const name = printable(this.name);
    const state: ContentState = { gzip: true, failure: undefined };
    const bytes = new ForwardBytes(contentChunks(archive, options, state));
    const refuseDamage = (): void => {
      if (state.failure !== undefined) {
        throw new TraceOpenError(
          'damaged',
          `${name} is a damaged or cut archive: what is in it cannot be trusted. Copy it again, or unpack what can be saved and open that.`,
        );
      }
    };
    try {
      for await (const entry of tarEntries(name, (offset, length) => bytes.read(offset, length))) {
        await visitor(entry, bytes);
        await bytes.skipTo(entry.offset + entry.size);
        if (bytes.position < entry.offset + entry.size) {
          refuseDamage();
          throw cutInEntry(name, entry);
        }
      }
      await bytes.skipTo(Infinity); // the checksum stands at the end
    } catch (error) {
      refuseDamage(); // what was found wrong behind the damage follows from it
      throw error;
    } finally {
      await bytes.close();
    }
    refuseDamage();
  }

  private rangeOf(archive: TraceSource, entry: TarEntry): TraceSource {
    return this.describe(entry, {
      read: (offset, length) =>
        archive.read(entry.offset + offset, Math.max(0, Math.min(length, entry.size - offset))),
      companion: async (suffix) => {
        const beside = this.entries.find(({ path }) => path === entry.path + suffix);
        return beside && this.rangeOf(archive, beside);
      },
      ...(archive.identity === undefined
        ? {}
        : { identity: `${archive.identity}+${entry.offset}` }),
    });
  }

  private glimpseSource(entry: TarEntry, { head, tail }: Glimpse): TraceSource {
    const tailAt = entry.size - tail.length;
    return this.describe(entry, {
      read: async (offset, length) =>
        offset < head.length || offset < tailAt
          ? head.subarray(offset, offset + length)
          : tail.subarray(offset - tailAt, offset - tailAt + length),
      companion: async (suffix) => {
        const beside = this.entries.find(({ path }) => path === entry.path + suffix);
        const bytes = beside && this.held.get(beside.offset);
        return beside && bytes && bytesSource(this.pathOf(beside), fileName(beside.path), bytes);
      },
    });
  }

  private describe(
    entry: TarEntry,
    source: Pick<TraceSource, 'read' | 'companion' | 'identity'>,
  ): TraceSource {
    return {
      path: this.pathOf(entry),
      name: fileName(entry.path),
      size: entry.size,
      ...source,
      close: async () => undefined,
    };
  }
}

interface Glimpse {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

async function wholeOf(bytes: ForwardBytes, entry: TarEntry): Promise<Glimpse> {
  const head = await bytes.read(entry.offset, entry.size);
  return { head, tail: head };
}

async function glimpseOf(bytes: ForwardBytes, entry: TarEntry): Promise<Glimpse> {
  const head = await bytes.read(entry.offset, Math.min(GLIMPSE, entry.size));
  const tailAt = Math.max(head.length, entry.size - GLIMPSE);
  return { head, tail: await bytes.read(entry.offset + tailAt, entry.size - tailAt) };
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
