import { xxHash32 } from './xxHash32.js';

/** What is not a whole frame of the length stated, or has changed since it was written. */
export class UnreadableFrame extends Error {
  override readonly name = 'UnreadableFrame';
}

const MAGIC = 0x184d2204;
const HAS_BLOCK_CHECKSUMS = 0x10;
const HAS_LENGTH = 0x08;
const HAS_CHECKSUM = 0x04;
const HAS_DICTIONARY = 0x01;
/** high bit of a block's size: it is stored as it is */
const STORED = 0x80000000;
/** The shortest match, which a length of 0 means. */
const SHORTEST = 4;

/**
 * Unpacks one LZ4 frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md).
 *
 * @param frame all of it and nothing else
 * @param length of what it unpacks to, bytes
 * @throws UnreadableFrame also where it needs a dictionary
 */
export function unpackFrame(frame: Uint8Array, length: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const word = (at: number): number => {
    if (at + 4 > frame.length) {
      throw new UnreadableFrame('it is cut');
    }
    return view.getUint32(at, true);
  };
  if (word(0) !== MAGIC) {
    throw new UnreadableFrame('it is no LZ4 frame');
  }
  const flags = frame[4];
  if (flags >>> 6 !== 1 || (flags & HAS_DICTIONARY) !== 0) {
    throw new UnreadableFrame('it is of another version, or needs a dictionary');
  }
  let at = 6 + ((flags & HAS_LENGTH) === 0 ? 0 : 8);
  if (frame[at++] !== ((xxHash32(frame.subarray(4, at - 1)) >>> 8) & 0xff)) {
    throw new UnreadableFrame('its head has changed');
  }
  const out = new Uint8Array(length);
  let done = 0;
  for (;;) {
    const stated = word(at);
    at += 4;
    if (stated === 0) {
      break;
    }
    const size = (stated & ~STORED) >>> 0;
    const block = frame.subarray(at, at + size);
    at += size;
    if (block.length < size) {
      throw new UnreadableFrame('it is cut');
    }
    if ((flags & HAS_BLOCK_CHECKSUMS) !== 0) {
      if (word(at) !== xxHash32(block)) {
        throw new UnreadableFrame('it has changed');
      }
      at += 4;
    }
    done = stated >= STORED ? put(block, out, done) : unpackBlock(block, out, done);
  }
  if (done !== length) {
    throw new UnreadableFrame('it unpacks to less than it states');
  }
  if ((flags & HAS_CHECKSUM) !== 0 && word(at) !== xxHash32(out)) {
    throw new UnreadableFrame('it has changed');
  }
  return out;
}

/** Appends bytes. @returns how many `out` holds then */
function put(bytes: Uint8Array, out: Uint8Array, done: number): number {
  if (done + bytes.length > out.length) {
    throw new UnreadableFrame('it unpacks to more than it states');
  }
  out.set(bytes, done);
  return done + bytes.length;
}

/**
 * Unpacks one block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md); what it repeats may lie
 * in the blocks before it.
 * @returns how many bytes `out` holds then
 */
function unpackBlock(block: Uint8Array, out: Uint8Array, before: number): number {
  let at = 0;
  let done = before;
  const longer = (length: number): number => {
    if (length < 15) {
      return length;
    }
    let total = length;
    for (let more = 255; more === 255; total += more) {
      if (at >= block.length) {
        throw new UnreadableFrame('it is cut');
      }
      more = block[at++];
    }
    return total;
  };
  while (at < block.length) {
    const token = block[at++];
    const literals = longer(token >>> 4);
    if (at + literals > block.length) {
      throw new UnreadableFrame('it is cut');
    }
    done = put(block.subarray(at, at + literals), out, done);
    at += literals;
    if (at === block.length) {
      return done; // the last sequence repeats nothing
    }
    const distance = block[at] | (block[at + 1] << 8);
    at += 2;
    const length = longer(token & 0xf) + SHORTEST;
    if (at > block.length || distance === 0 || distance > done || done + length > out.length) {
      throw new UnreadableFrame('it repeats what is not there');
    }
    for (const end = done + length; done < end; done++) {
      out[done] = out[done - distance];
    }
  }
  return done;
}
