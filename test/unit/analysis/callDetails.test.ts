import { describe, expect, it } from 'vitest';
import { callDetails, modulesOf, stackOf } from '../../../src/analysis/callDetails.js';
import { ANNOTATION, FRAME, MEMCPY, MODULE, OP, pythonFrame } from '../../../src/trace/index.js';
import { labelsOf, stream, thread, traceOf } from './smallTrace.js';

describe('details of a call', () => {
  const trace = traceOf({
    lanes: [stream('20', 1), thread('868')],
    gpu: [
      {
        start: 900,
        duration: 12_400_000,
        name: 'exchange',
        launch: 0,
        correlation: 77,
        shape: 0,
      },
      {
        start: 13_000_000,
        duration: 1000,
        name: 'copy',
        kind: MEMCPY,
        bytes: 2_000_000,
        launch: 1,
        replayed: true,
      },
      { start: 14_000_000, duration: 500, name: 'lost' },
      { start: 15_000_000, duration: 500, name: 'flat', stack: 0, launch: 0 },
    ],
    launches: [
      { start: 100, duration: 50, lane: 1, name: 'cudaLaunchKernel', correlation: 77, range: 4 },
      { start: 12_999_000, duration: 2000, lane: 1, name: 'cudaGraphLaunch', range: 0 },
    ],
    ranges: [
      { start: 0, duration: 20_000_000, lane: 1, kind: ANNOTATION, name: 'step' },
      { start: 10, duration: 500, lane: 1, kind: MODULE, name: 'nn.Module: Model_0', parent: 0 },
      { start: 20, duration: 400, lane: 1, kind: FRAME, name: 'ep.py(19): ep_forward', parent: 1 },
      {
        start: 30,
        duration: 300,
        lane: 1,
        kind: MODULE,
        name: 'nn.Module: EPDispatcher_1',
        parent: 2,
      },
      { start: 40, duration: 200, lane: 1, kind: OP, name: 'c10d::alltoall_', parent: 3 },
    ],
    shapes: [{ grid: [132, 1, 1], block: [256, 1, 1] }],
    frames: [
      { file: '/srv/moe.py', line: 7, function: 'dispatch', library: '' },
      { file: '', line: 0, function: 'main', library: 'libpython' },
    ],
    stacks: [[0, 1]],
  });
  const labels = labelsOf(trace, (call) =>
    call === 0
      ? { type: 'moe_all_to_all', index: 17, module: 'Block_3.EPDispatcher_1', method: 'module' }
      : {},
  );
  const facts = (call: number): Record<string, string> =>
    Object.fromEntries(
      callDetails(trace, labels, call).facts.map(({ name, value }) => [name, value]),
    );

  it('walks from the launch to frames and modules', () => {
    expect(stackOf(trace, 0)).toEqual([
      { file: 'ep.py', line: 19, function: 'ep_forward', library: '' },
    ]);
    expect(modulesOf(trace, 0)).toEqual(['Model_0', 'EPDispatcher_1']);
    expect(callDetails(trace, labels, 0)).toMatchObject({
      name: 'exchange',
      layer_type: 'moe_all_to_all',
      layer_label: 'MoE all-to-all',
      layer_index: 17,
      module: 'Block_3.EPDispatcher_1',
      method: 'module',
      start_ns: 900,
      duration_ns: 12_400_000,
    });
  });

  it('prefers the stack recorded with the event', () => {
    expect(stackOf(trace, 3).map((frame) => frame.function)).toEqual(['dispatch', 'main']);
  });

  it('states facts with units', () => {
    expect(facts(0)).toMatchObject({
      Start: "900 ns from the trace's start",
      Duration: '12.4 ms',
      Layer: '17 (MoE)',
      Device: 'cuda:1',
      Stream: '20',
      'Grid x block': '132 x 1 x 1 blocks of 256 x 1 x 1 threads',
      Correlation: '77',
      Launch: 'cudaLaunchKernel',
      'Launched by': 'python (868)',
      'Queue delay': '750 ns',
      Operator: 'c10d::alltoall_',
    });
    expect(facts(1)).toMatchObject({
      Kind: 'memcpy',
      Bytes: '2 MB',
      Throughput: '2000.00 GB/s',
      Launch: 'replayed from a graph by cudaGraphLaunch',
      'Start after graph launch': 'none: started 1 µs before the call returned',
    });
    expect(facts(2)).toMatchObject({ Launch: 'no launch in trace' });
    expect(facts(2)).not.toHaveProperty('Bytes');
  });

  it('refuses a call that is not there', () => {
    for (const call of [-1, 4, 0.5, NaN]) {
      expect(() => callDetails(trace, labels, call)).toThrow(RangeError);
    }
  });

  it('reads Python rows, built-in ones too', () => {
    expect(
      pythonFrame('transformers/models/nemotron_h/modeling_nemotron_h.py(914): forward'),
    ).toEqual({
      file: 'transformers/models/nemotron_h/modeling_nemotron_h.py',
      line: 914,
      function: 'forward',
      library: '',
    });
    expect(pythonFrame('a (copy).py(3): <lambda>')).toMatchObject({
      file: 'a (copy).py',
      line: 3,
      function: '<lambda>',
    });
    expect(pythonFrame('<built-in method linear of type object at 0x7f>')).toMatchObject({
      file: '',
      line: 0,
      function: '<built-in method linear of type object at 0x7f>',
    });
  });
});
