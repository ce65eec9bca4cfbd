import { TraceOpenError } from '../trace/index.js';
import { printable } from './printable.js';
import type { TraceSource } from './reader.js';

/** Bytes that any packed file may unpack to unasked: a minute's reading. */
const ALWAYS = 2 ** 30;
/** Recorded traces unpack to at most 30 times their size (gzip's own end is 1,032). */
const RATIO = 100;
/** Beyond this, events may take more memory than a workstation has, whatever the ratio. */
const UNASKED = 8 * 2 ** 30;
/** No gzip unpacks to more times its size than this. */
const HIGHEST_RATIO = 1032;

/**
 * How much the files of one opening may unpack to, all together: what lies packed in an archive counts
 * again when it is unpacked itself.
 */
export class UnpackAllowance {
  /** bytes unpacked so far, by path: a file that is read twice counts once */
  private readonly unpacked = new Map<string, number>();

  /** @param limit bytes */
  constructor(private readonly limit: number) {}

  /**
   * Before a gzip is unpacked: what its last four bytes state, where a gzip of its size can unpack to that.
   * @throws TraceOpenError 'unpacks-large'
   */
  async foresee(source: TraceSource): Promise<void> {
    if (source.size < 18) {
      return;
    }
    const bytes = await source.read(source.size - 4, 4);
    const stated =
      bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    if (stated <= source.size * HIGHEST_RATIO && this.others(source) + stated > this.limit) {
      throw this.asks(source, `states that it unpacks to ${size(stated)}`);
    }
  }

  /**
   * Before any of what was unpacked is used.
   * @param bytes of this file so far
   * @throws TraceOpenError 'unpacks-large'
   */
  count(source: TraceSource, bytes: number): void {
    this.unpacked.set(source.path, Math.max(bytes, this.unpacked.get(source.path) ?? 0));
    if (this.others(source) + bytes > this.limit) {
      throw this.asks(source, 'unpacks to more than is unpacked unasked');
    }
  }

  private others(source: TraceSource): number {
    let sum = 0;
    for (const [path, bytes] of this.unpacked) {
      sum += path === source.path ? 0 : bytes;
    }
    return sum;
  }

  private asks(source: TraceSource, how: string): TraceOpenError {
    return new TraceOpenError(
      'unpacks-large',
      `${printable(source.name)} (${size(source.size)}) ${how}. More than ${size(this.limit)} are only unpacked when you ask for it: reading that takes long, and memory for all events in it.`,
    );
  }
}

/** What a file may unpack to unasked, by its size. */
export function allowanceBySize({ size: stored }: TraceSource): UnpackAllowance {
  return new UnpackAllowance(Math.min(UNASKED, Math.max(ALWAYS, stored * RATIO)));
}

function size(bytes: number): string {
  const gib = bytes / 2 ** 30;
  if (gib >= 1) {
    return `${gib.toFixed(1).replace(/\.0$/, '')} GiB`;
  }
  const mib = bytes / 2 ** 20;
  return mib >= 1 ? `${mib.toFixed(1).replace(/\.0$/, '')} MiB` : `${Math.ceil(bytes / 1024)} KiB`;
}
