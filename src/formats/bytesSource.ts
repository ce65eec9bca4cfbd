import type { TraceSource } from './reader.js';

/**
 * A file whose bytes are already in memory.
 *
 * @param companions bytes of files beside it, by the suffix their names add ("-wal")
 */
export function bytesSource(
  path: string,
  name: string,
  bytes: Uint8Array,
  companions: ReadonlyMap<string, Uint8Array> = new Map(),
): TraceSource {
  return {
    path,
    name,
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    companion: async (suffix) => {
      const beside = companions.get(suffix);
      return beside && bytesSource(path + suffix, name + suffix, beside);
    },
    close: async () => undefined,
  };
}
