import type { KernelRole } from '../rules.js';
import type { Alignment } from './alignment.js';
import { isLight, type Chunks } from './chunks.js';
import type { Roles } from './kernelRoles.js';

/**
 * Where each normalisation ends. Its last kernels (multiply with the weight, back to half precision)
 * look like what a part may begin with: what follows in front of parts of every kind belongs to the
 * normalisation, what follows only in front of some belongs to those.
 *
 * @returns by chunk: position after the normalisation; the chunk's start where it has none
 */
export function normEnds(roles: Roles, chunks: Chunks, alignment: Alignment): Int32Array {
  const ends = chunks.body.slice();
  let common: (KernelRole | null)[] | undefined;
  for (let c = 1; c < chunks.count; c++) {
    const slot = alignment.slot[c];
    if (slot < 0 || alignment.slot[c - 1] === slot || chunks.body[c] === chunks.start[c]) {
      continue;
    }
    const tail: (KernelRole | null)[] = [];
    for (let at = chunks.body[c]; at < chunks.start[c + 1] && isLight(roles[at]); at++) {
      tail.push(roles[at]);
    }
    if (common === undefined) {
      common = tail;
    } else {
      let same = 0;
      while (same < common.length && same < tail.length && common[same] === tail[same]) {
        same++;
      }
      common = common.slice(0, same);
    }
  }
  const length = common?.length ?? 0;
  for (let c = 1; c < chunks.count; c++) {
    let end = chunks.body[c];
    if (end === chunks.start[c]) {
      continue;
    }
    for (let i = 0; i < length && roles[end] === common?.[i] && end < chunks.start[c + 1]; i++) {
      end++;
    }
    ends[c] = end;
  }
  return ends;
}
