import { describe, expect, it } from 'vitest';
import { launchSequences } from '../../../../src/layers/structure/launchOrder.js';
import { graph, kernel, sceneTrace } from '../scene.js';
import type { Trace } from '../../../../src/trace/index.js';

const inOrder = (trace: Trace): { rank: number; names: string[] }[] =>
  launchSequences(trace).map(({ rank, events }) => ({
    rank,
    names: Array.from(events, (row) => trace.names.get(trace.gpu.name[row])),
  }));

describe('launch order', () => {
  it('is that of the calls, although the work of graphs overlaps', () => {
    const long = Array.from({ length: 25 }, (_, i) => `a${i}`);
    const trace = sceneTrace([{ acts: [graph(...long), graph('b0', 'b1')] }]);
    expect(inOrder(trace)).toEqual([{ rank: 0, names: [...long, 'b0', 'b1'] }]);
    expect(trace.names.get(trace.gpu.name[24])).not.toBe('a24');
  });

  it('is told for each thread of each rank', () => {
    const trace = sceneTrace([
      { acts: [kernel('a'), kernel('b')] },
      { rank: 1, acts: [kernel('c')] },
      { rank: 1, acts: [kernel('d')] },
    ]);
    expect(inOrder(trace)).toEqual([
      { rank: 0, names: ['a', 'b'] },
      { rank: 1, names: ['c'] },
      { rank: 1, names: ['d'] },
    ]);
  });

  it('is the time where no launch was recorded', () => {
    const trace = sceneTrace([{ acts: [kernel('a')] }], { loose: ['x', 'y'] });
    expect(inOrder(trace).map(({ names }) => names)).toEqual([['a'], ['x', 'y']]);
  });

  it('of nothing is nothing', () => {
    expect(launchSequences(sceneTrace([{ acts: [] }]))).toEqual([]);
  });
});
