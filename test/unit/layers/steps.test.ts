import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/layers/attribute.js';
import { annotation, frame, kernel, op, sceneTrace, type Act, type Thread } from './scene.js';

function stepsOf(...acts: Act[]) {
  const trace = sceneTrace([{ acts }]);
  return attribute(trace).steps;
}

/** For each kernel the label of its step, '' for none. */
function stepOfKernels(threads: Thread[], loose: string[] = []): Record<string, string> {
  const trace = sceneTrace(threads, { loose });
  const labels = attribute(trace);
  return Object.fromEntries(
    Array.from(trace.gpu.name, (name, i) => [
      trace.names.get(name),
      labels.step[i] < 0 ? '' : labels.steps[labels.step[i]].label,
    ]),
  );
}

describe('step annotations', () => {
  it.each([
    ['execute_model step=101 prefill tokens=707', 'prefill', 101],
    ['execute_model step=7 decode tokens=32', 'decode', 7],
    ['execute_context_1(888)_generation_0(0)', 'prefill', 0],
    ['execute_context_1(888_788544)_generation_0(0)', 'prefill', 0],
    ['execute_32_context_0(sq0sk0sqsq0sqsk0)_generation_32(sq32sk9)', 'decode', 0],
    ['execute_context_2(64)_generation_3(3)', 'mixed', 0],
    ['step[DECODE bs=16]', 'decode', 0],
    ['step[EXTEND bs=1 toks=2048]', 'prefill', 0],
    ['prefill_512', 'prefill', 0],
    ['decode_2', 'decode', 0],
    ['ProfilerStep#3', 'unknown', 3],
  ])('%s is %s, number %i', (name, phase, number) => {
    expect(stepsOf(annotation(name))).toMatchObject([{ label: name, phase, number }]);
  });

  it.each(['nccl:all_to_all', 'capture_32_DECODE', 'Optimizer.step#Adam', 'decoder_block', ''])(
    '%s is no step',
    (name) => {
      expect(stepsOf(annotation(name))).toEqual([]);
    },
  );

  it('are numbered in order where they state no number, by rank', () => {
    const trace = sceneTrace([
      { rank: 0, acts: [annotation('decode_0'), annotation('decode_1')] },
      { rank: 1, acts: [annotation('decode_0')] },
    ]);
    expect(attribute(trace).steps).toMatchObject([
      { rank: 0, number: 0 },
      { rank: 0, number: 1 },
      { rank: 1, number: 0 },
    ]);
  });

  it('count the outermost; a profiler iteration gives way to the engine steps it holds', () => {
    expect(
      stepsOf(annotation('prefill_512', annotation('execute_model step=1 decode'))),
    ).toMatchObject([{ label: 'prefill_512' }]);
    expect(
      stepsOf(
        annotation('ProfilerStep#1', annotation('step[DECODE bs=1]'), annotation('decode')),
        annotation('ProfilerStep#2'),
      ).map((step) => step.label),
    ).toEqual(['step[DECODE bs=1]', 'decode', 'ProfilerStep#2']);
  });

  it('are training where they hold an optimizer step', () => {
    expect(
      stepsOf(
        annotation('ProfilerStep#1', annotation('Optimizer.step#SGD.step')),
        annotation('ProfilerStep#2'),
      ).map((step) => step.phase),
    ).toEqual(['train', 'unknown']);
  });
});

describe('the step of a kernel', () => {
  it('is the one whose annotation encloses its launch on the launching thread', () => {
    expect(
      stepOfKernels(
        [
          {
            acts: [
              kernel('before'),
              annotation('decode_0', frame('a.py(1): f', op('aten::mm', kernel('in 0')))),
              kernel('between'),
              annotation('decode_1', kernel('in 1')),
            ],
          },
          { acts: [kernel('other thread')] },
        ],
        ['no launch'],
      ),
    ).toEqual({
      before: '',
      'in 0': 'decode_0',
      between: '',
      'in 1': 'decode_1',
      'other thread': '',
      'no launch': '',
    });
  });
});
