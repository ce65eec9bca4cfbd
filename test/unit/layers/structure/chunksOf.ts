import { AFTER, type Chunks } from '../../../../src/layers/structure/chunks.js';

/** One chunk: what its kernels show. */
export interface Shown {
  readonly kinds?: number;
  readonly gemms?: number;
  readonly activation?: boolean;
  readonly conv?: boolean;
  readonly after?: number;
  readonly edge?: boolean;
  /** it begins with an addition and no normalisation */
  readonly noNorm?: boolean;
}

/** Chunks of two positions each, of which the first is the normalisation. */
export function chunksOf(shown: readonly Shown[]): Chunks {
  const bytes = (of: (chunk: Shown) => number): Uint8Array => Uint8Array.from(shown, of);
  return {
    count: shown.length,
    start: Int32Array.from({ length: shown.length + 1 }, (_, c) => 2 * c),
    body: Int32Array.from(shown, ({ noNorm }, c) => 2 * c + (noNorm === true ? 0 : 1)),
    gemms: Uint16Array.from(shown, ({ gemms }) => gemms ?? 0),
    kinds: bytes(({ kinds }) => kinds ?? 0),
    activation: bytes(({ activation }) => (activation === true ? 1 : 0)),
    conv: bytes(({ conv }) => (conv === true ? 1 : 0)),
    after: bytes(({ after }) => after ?? AFTER.addThenNorm),
    edge: bytes(({ edge }) => (edge === true ? 1 : 0)),
  };
}
