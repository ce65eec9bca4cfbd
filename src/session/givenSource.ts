import { bytesSource } from '../formats/bytesSource.js';
import type { TraceSource } from '../formats/reader.js';
import type { TraceInput } from './engines.js';

/** A source over the bytes that came with an input; undefined where only its path came. */
export function givenSource(input: TraceInput): TraceSource | undefined {
  if (input.bytes === undefined) {
    return undefined;
  }
  const companions = new Map(
    (input.companions ?? []).map(({ suffix, bytes }) => [suffix, bytes] as const),
  );
  return bytesSource(input.path, input.name, input.bytes, companions);
}
