import { joinedBytes } from '../../trace/index.js';

/** Reads a stream of chunks by offsets that only grow; what lies between two reads is let go. */
export class ForwardBytes {
  /** offset of the next byte of the stream */
  position = 0;
  private rest: Uint8Array = new Uint8Array(0);
  private ended = false;

  constructor(private readonly chunks: AsyncGenerator<Uint8Array, void, undefined>) {}

  /** At most `length` bytes from `offset`, which is not before `position`; fewer only at the end. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    await this.skipTo(offset);
    const parts: Uint8Array[] = [];
    let got = 0;
    while (got < length && (await this.more())) {
      const part = this.rest.subarray(0, length - got);
      parts.push(part);
      got += part.length;
      this.advance(part.length);
    }
    return joinedBytes(parts);
  }

  /** Passes over the bytes before `offset`; stops at the end of the stream. */
  async skipTo(offset: number): Promise<void> {
    while (this.position < offset && (await this.more())) {
      this.advance(Math.min(this.rest.length, offset - this.position));
    }
  }

  /** Ends the stream, also where it was not read to its end. */
  async close(): Promise<void> {
    await this.chunks.return();
  }

  private advance(length: number): void {
    this.rest = this.rest.subarray(length);
    this.position += length;
  }

  private async more(): Promise<boolean> {
    while (this.rest.length === 0 && !this.ended) {
      const next = await this.chunks.next();
      this.ended = next.done === true;
      this.rest = next.done === true ? this.rest : next.value;
    }
    return this.rest.length > 0;
  }
}
