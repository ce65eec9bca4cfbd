import type { SqlValue } from '../../sqlite/engine.js';
import { UnreadableFrame, unpackFrame } from '../lz4Frame.js';
import { textValue } from '../sqlValues.js';

/** What the metadata call the packing that is read here. */
export const LZ4 = 'lz4-frame-v1';

/** "LZ4F", then the length of the text as 32 bits, then an LZ4 frame. */
const MAGIC = 0x4c5a3446;
const HEADER_BYTES = 8;
/** Nothing packed with LZ4 unpacks to more times its size. */
const HIGHEST_RATIO = 255;
/** Bytes unpacked of one recording; the text of an event is mostly below a kilobyte. */
const MOST_UNPACKED = 2 ** 30;

/**
 * Texts of a recording that may be packed, each for itself: `extdata`, `call_stack` and `line_info` of
 * rocprofiler-sdk's LZ4 variant of the schema (`lz4_extension.cpp` in ROCm/rocm-systems).
 */
export class PackedTexts {
  /** texts that could not be unpacked, or were not any more since too much was */
  unreadable = 0;
  private unpacked = 0;

  /** A text as it was before it was packed; '' for NULL and for what cannot be unpacked, which is counted. */
  text(value: SqlValue): string {
    if (!(value instanceof Uint8Array) || value.length === 0) {
      return textValue(value);
    }
    try {
      return new TextDecoder().decode(this.unpack(value));
    } catch (error) {
      if (!(error instanceof UnreadableFrame)) {
        throw error;
      }
      this.unreadable++;
      return '';
    }
  }

  private unpack(bytes: Uint8Array): Uint8Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < HEADER_BYTES || view.getUint32(0) !== MAGIC) {
      throw new UnreadableFrame('it is no packed text');
    }
    const length = view.getUint32(4, true);
    this.unpacked += length;
    if (length > bytes.length * HIGHEST_RATIO || this.unpacked > MOST_UNPACKED) {
      throw new UnreadableFrame('it is too long');
    }
    return unpackFrame(bytes.subarray(HEADER_BYTES), length);
  }
}
