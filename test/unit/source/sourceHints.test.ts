import { describe, expect, it } from 'vitest';
import { sourceHints } from '../../../src/source/sourceHints.js';
import {
  GpuBuilder,
  LaunchBuilder,
  NameTable,
  RangeBuilder,
  type LayerLabels,
  type StackTable,
  type Trace,
} from '../../../src/trace/index.js';

const NO_STACKS: StackTable = { frames: [], stacks: [] };

/** One call, launched inside the ranges given outermost first. */
function oneCall(options: {
  kernel?: string;
  ranges?: readonly (readonly [kind: number, name: string])[];
  module?: string;
  replayed?: boolean;
  stacks?: StackTable;
  /** where the stack is kept */
  stackOn?: 'gpu' | 'launch';
  hostOnly?: boolean;
}): { trace: Trace; labels: LayerLabels } {
  const names = new NameTable();
  const ranges = new RangeBuilder();
  (options.ranges ?? []).forEach(([kind, name], i) =>
    ranges.push({
      start: i,
      duration: 1000 - 2 * i,
      name: names.intern(name),
      lane: 1,
      kind,
      parent: i - 1,
    }),
  );
  const rangeColumns = ranges.build();
  const launches = new LaunchBuilder();
  launches.push({
    start: 500,
    duration: 1,
    name: names.intern('cudaLaunchKernel'),
    lane: 1,
    stack: options.stackOn === 'launch' ? 0 : -1,
  });
  const launchColumns = launches.build();
  launchColumns.range[0] = rangeColumns.count - 1;
  const gpu = new GpuBuilder();
  if (options.hostOnly !== true) {
    gpu.push({
      start: 600,
      duration: 5,
      name: names.intern(options.kernel ?? 'nvjet_tst'),
      lane: 0,
      kind: 0,
      stack: options.stackOn === 'gpu' ? 0 : -1,
    });
  }
  const gpuColumns = gpu.build();
  gpuColumns.launch.fill(0);
  gpuColumns.replayed.fill(options.replayed === true ? 1 : 0);
  const trace: Trace = {
    files: [],
    format: 'kineto',
    formatLabel: '',
    clock: { originNs: 0n, epoch: 'session', fileBaseNs: 0n },
    spanNs: 1000,
    names,
    ranks: [{ rank: 0, worldSize: 1, label: '', path: '', device: '' }],
    lanes: [
      { kind: 'stream', rank: 0, device: 0, id: '7', process: '', label: '' },
      { kind: 'thread', rank: 0, device: -1, id: '1', process: '', label: '' },
    ],
    gpu: gpuColumns,
    launches: launchColumns,
    ranges: rangeColumns,
    host: {
      count: 0,
      start: new Float64Array(),
      duration: new Float64Array(),
      name: new Uint32Array(),
      lane: new Uint32Array(),
      kind: new Uint8Array(),
    },
    kernelShapes: [],
    stacks: options.stacks ?? NO_STACKS,
    counters: [],
    markers: [],
    report: {
      rowsInFile: 0,
      rowsRead: 0,
      rowsCounted: null,
      skipped: [],
      warnings: [],
      missing: [],
      facts: [],
    },
  };
  const labels: LayerLabels = {
    type: new Uint8Array(1),
    index: new Int16Array(1),
    module: Uint32Array.of(names.intern(options.module ?? '')),
    method: new Uint8Array(1),
    rule: new Uint16Array(1),
    step: new Int32Array(1).fill(-1),
    rules: [''],
    steps: [],
  };
  return { trace, labels };
}

const MODULE = 1;
const FRAME = 2;
const OP = 3;

/** "frame ep.py:19 ep_forward" */
function shown({ trace, labels }: ReturnType<typeof oneCall>): string[] {
  return sourceHints(trace, labels, 0).map(
    (h) => `${h.kind} ${h.file === '' ? '' : `${h.file}:${h.line} `}${h.symbol}`,
  );
}

const STACK: StackTable = {
  frames: [
    { file: '', line: 0, function: 'cudaLaunchKernel', library: 'libcudart.so' },
    {
      file: '/x/site-packages/torch/nn/modules/linear.py',
      line: 125,
      function: 'forward',
      library: '',
    },
    { file: '/srv/model/moe.py', line: 88, function: 'dispatch', library: '' },
    { file: '/srv/serve.py', line: 12, function: 'step', library: '' },
  ],
  stacks: [Uint32Array.of(0, 1, 2, 3)],
};

describe('sourceHints', () => {
  it('goes from the innermost model function outwards, classes where they nest, torch and kernel last', () => {
    expect(
      shown(
        oneCall({
          kernel: '_moe_kernel',
          ranges: [
            [FRAME, 'serve.py(7): step'],
            [MODULE, 'nn.Module: NemotronHMoE_3'],
            [FRAME, 'torch/nn/modules/module.py(1783): _call_impl'],
            [FRAME, 'ep.py(19): ep_forward'],
            [MODULE, 'nn.Module: Linear_40'],
            [FRAME, 'torch/nn/modules/linear.py(130): forward'],
            [FRAME, '<built-in function linear>'],
            [OP, 'aten::linear'],
          ],
          module: 'NemotronHBlock_3.NemotronHMoE_3',
        }),
      ),
    ).toEqual([
      'frame ep.py:19 ep_forward',
      'class NemotronHMoE',
      'frame serve.py:7 step',
      'class NemotronHBlock',
      'class Linear',
      'kernel _moe_kernel',
    ]);
  });

  it('uses the stack recorded with a launch', () => {
    expect(shown(oneCall({ stacks: STACK, stackOn: 'launch', hostOnly: true }))).toEqual([
      'frame /srv/model/moe.py:88 dispatch',
      'frame /srv/serve.py:12 step',
    ]);
  });

  it('puts a recorded stack before classes', () => {
    expect(
      shown(oneCall({ stacks: STACK, stackOn: 'launch', ranges: [[MODULE, 'nn.Module: MoE_0']] })),
    ).toEqual(['frame /srv/model/moe.py:88 dispatch', 'frame /srv/serve.py:12 step', 'class MoE']);
  });

  it('uses the stack recorded with the GPU event', () => {
    expect(shown(oneCall({ stacks: STACK, stackOn: 'gpu', replayed: true }))[0]).toBe(
      'frame /srv/model/moe.py:88 dispatch',
    );
  });

  it('does not take the place a graph was started from for the code of its kernels', () => {
    expect(
      shown(
        oneCall({
          kernel: '_chunk_scan_fwd_kernel',
          replayed: true,
          ranges: [[FRAME, 'serve.py(7): replay']],
          module: 'Block_1.MambaMixer_0',
        }),
      ),
    ).toEqual(['class MambaMixer', 'class Block', 'kernel _chunk_scan_fwd_kernel']);
  });

  it('has no hint where the trace has nothing', () => {
    expect(shown(oneCall({}))).toEqual([]);
  });

  it('stays short for a deep stack and keeps the kernel', () => {
    const ranges = Array.from({ length: 100 }, (_, i) => [FRAME, `m.py(${i + 1}): f${i}`] as const);
    const hints = shown(oneCall({ ranges, kernel: '_k' }));
    expect(hints).toHaveLength(24);
    expect(hints[0]).toBe('frame m.py:100 f99');
    expect(hints[23]).toBe('kernel _k');
  });

  it('refuses a call the trace does not have', () => {
    const { trace, labels } = oneCall({});
    expect(() => sourceHints(trace, labels, 1)).toThrow(RangeError);
    expect(() => sourceHints(trace, labels, -1)).toThrow(RangeError);
  });
});
