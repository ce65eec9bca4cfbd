import { describe, expect, it } from 'vitest';
import { attribute } from '../../../../src/layers/attribute.js';
import { distinctPasses, passesOf } from '../../../../src/layers/structure/forwardPasses.js';
import { graph, kernel, sceneTrace } from '../scene.js';
import type { Trace } from '../../../../src/trace/index.js';
import { eager, launched, NAME, type Kernel } from './modelScene.js';

const step: Kernel[] = ['gather', 'gemm', 'attention', 'gemm'];
const passes = (trace: Trace, wholeGraph = Infinity): number[] =>
  passesOf(trace, attribute(trace), wholeGraph).map(({ length }) => length);

describe('the forward passes of a trace', () => {
  it('run from one embedding look-up to the next', () => {
    expect(passes(eager([...step, ...step, ...step]))).toEqual([4, 4, 4]);
  });

  it('are not parted by a second look-up before the layers', () => {
    expect(passes(eager(['gather', ...step, 'gather', ...step]))).toEqual([5, 5]);
  });

  it('are the graph launches that hold a whole one', () => {
    const names = step.map((name) => NAME[name]);
    const trace = sceneTrace([{ acts: [kernel('a'), graph(...names), graph(...names)] }]);
    expect(passes(trace, 4)).toEqual([1, 4, 4]);
    expect(passes(trace, 5)).toEqual([9]);
  });
});

it('passes of the same kernels in the same order are one', () => {
  const trace = sceneTrace([{ acts: launched([...step, ...step, ...step.slice(0, 3)]) }]);
  const distinct = distinctPasses(trace, passesOf(trace, attribute(trace), Infinity));
  expect(distinct.map(({ rows, same }) => [rows.length, same.length])).toEqual([
    [4, 2],
    [3, 1],
  ]);
});
