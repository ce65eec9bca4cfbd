/**
 * Gives equal byte strings equal numbers without making a JavaScript string of each occurrence: a
 * trace has hundreds of thousands of rows and few thousand different names. Open addressing over a
 * copy of the bytes; `onNew` is asked once for each different byte string.
 */
export class ByteInterner {
  private slots = new Int32Array(1024);
  private hashes = new Int32Array(512);
  private offsets = new Float64Array(512);
  private lengths = new Int32Array(512);
  private values = new Int32Array(512);
  private arena = new Uint8Array(1 << 16);
  private used = 0;
  private count = 0;

  /** @param onNew gives the number for bytes `start` to `end` of `bytes`, seen for the first time */
  constructor(private readonly onNew: (bytes: Uint8Array, start: number, end: number) => number) {}

  intern(bytes: Uint8Array, start: number, end: number): number {
    // FNV-1a, 32 bit.
    let hash = 0x811c9dc5 | 0;
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ bytes[i], 0x01000193);
    }
    const length = end - start;
    const mask = this.slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const entry = this.slots[slot] - 1;
      if (entry < 0) {
        break;
      }
      if (
        this.hashes[entry] === hash &&
        this.lengths[entry] === length &&
        this.equals(entry, bytes, start)
      ) {
        return this.values[entry];
      }
      slot = (slot + 1) & mask;
    }
    const value = this.onNew(bytes, start, end);
    this.add(slot, hash, bytes, start, end, value);
    return value;
  }

  private equals(entry: number, bytes: Uint8Array, start: number): boolean {
    const offset = this.offsets[entry];
    const length = this.lengths[entry];
    for (let i = 0; i < length; i++) {
      if (this.arena[offset + i] !== bytes[start + i]) {
        return false;
      }
    }
    return true;
  }

  private add(
    slot: number,
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    value: number,
  ): void {
    const length = end - start;
    if (this.used + length > this.arena.length) {
      const grown = new Uint8Array(Math.max(this.arena.length * 2, this.used + length));
      grown.set(this.arena.subarray(0, this.used));
      this.arena = grown;
    }
    if (this.count === this.hashes.length) {
      this.hashes = doubled(this.hashes, Int32Array);
      this.offsets = doubled(this.offsets, Float64Array);
      this.lengths = doubled(this.lengths, Int32Array);
      this.values = doubled(this.values, Int32Array);
    }
    const entry = this.count++;
    this.arena.set(bytes.subarray(start, end), this.used);
    this.hashes[entry] = hash;
    this.offsets[entry] = this.used;
    this.lengths[entry] = length;
    this.values[entry] = value;
    this.used += length;
    this.slots[slot] = entry + 1;
    if (this.count * 2 > this.slots.length) {
      this.rehash();
    }
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.count; entry++) {
      const hash = this.hashes[entry];
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] !== 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = entry + 1;
    }
    this.slots = slots;
  }
}

function doubled<T extends Int32Array | Float64Array>(
  values: T,
  type: new (length: number) => T,
): T {
  const grown = new type(values.length * 2);
  grown.set(values);
  return grown;
}
