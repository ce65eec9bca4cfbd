import { describe, expect, it } from 'vitest';
import { nearestAncestor } from '../../../src/layers/rangeAncestry.js';
import type { RangeColumns } from '../../../src/trace/index.js';

function ranges(parent: number[], kind: number[]): RangeColumns {
  const none = new Float64Array(parent.length);
  return {
    count: parent.length,
    start: none,
    duration: none,
    name: new Uint32Array(parent.length),
    lane: new Uint32Array(parent.length),
    kind: Uint8Array.from(kind),
    parent: Int32Array.from(parent),
  };
}

describe('the nearest ancestor', () => {
  it('is found as by walking up each time, in forests of any order', () => {
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
    for (let trial = 0; trial < 200; trial++) {
      const count = 1 + Math.floor(random() * 40);
      // Number i stands at place[i] of the table, so parents may come after their children.
      const place = Array.from({ length: count }, (_, i) => i).sort(() => random() - 0.5);
      const parent = new Array<number>(count).fill(-1);
      for (let i = 1; i < count; i++) {
        parent[place[i]] = random() < 0.2 ? -1 : place[Math.floor(random() * i)];
      }
      const kind = parent.map(() => (random() < 0.3 ? 1 : 0));
      const walked = parent.map((_, i) => {
        let at = i;
        while (at >= 0 && kind[at] !== 1) {
          at = parent[at];
        }
        return at;
      });
      const table = ranges(parent, kind);
      expect(Array.from(nearestAncestor(table, (i) => kind[i] === 1))).toEqual(walked);
    }
  });

  it('does not exist beyond a circle', () => {
    const table = ranges([1, 0, 1, 3], [0, 0, 0, 0]);
    expect(Array.from(nearestAncestor(table, () => false))).toEqual([-1, -1, -1, -1]);
  });
});
