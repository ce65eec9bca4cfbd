import { describe, expect, it } from 'vitest';
import { NoSuchCallError, callAt } from '../../../src/analysis/callAt.js';
import { explainCall, ruleWords } from '../../../src/analysis/explainCall.js';
import { lookedAt } from '../../../src/analysis/lookedAt.js';
import { populationOf } from '../../../src/analysis/population.js';
import { unclassified } from '../../../src/analysis/unclassified.js';
import {
  UNCLASSIFIED_REASONS,
  unclassifiedReasons,
} from '../../../src/analysis/unclassifiedReason.js';
import { otherVerdicts } from '../../../src/layers/otherVerdicts.js';
import { attributedCalls } from '../../../src/session/attributedCalls.js';
import {
  ANNOTATION,
  FRAME,
  MEMCPY,
  MODULE,
  OP,
  layerTypeOf,
  type Trace,
} from '../../../src/trace/index.js';
import { labelsOf, stream, thread, traceOf } from './smallTrace.js';
import type { Label } from './smallTrace.js';

/** A layer of attention by modules, a kernel whose name says otherwise, and calls of every other kind. */
const trace = traceOf({
  lanes: [stream('7'), stream('20'), thread('868')],
  gpu: [
    { start: 1000, duration: 100, name: 'gemm_qkv', launch: 0 },
    { start: 1200, duration: 300, name: 'selective_scan_fwd', launch: 1 },
    { start: 1250, duration: 10, name: 'side', lane: 1 },
    { start: 1600, duration: 50, name: 'shared_gemm', launch: 2 },
    { start: 1700, duration: 40, name: 'replayed', launch: 3, replayed: true },
    { start: 1800, duration: 30, name: 'Memcpy DtoD', kind: MEMCPY, launch: 2 },
    { start: 1900, duration: 25, name: 'shared_gemm' },
    { start: 1900, duration: 20, name: 'flash_fwd_kernel', lane: 1 },
  ],
  launches: [
    { start: 100, duration: 5, lane: 2, range: 4 },
    { start: 110, duration: 5, lane: 2, range: 4 },
    { start: 600, duration: 5, lane: 2 },
    { start: 700, duration: 5, lane: 2, name: 'cudaGraphLaunch' },
  ],
  ranges: [
    { start: 0, duration: 500, lane: 2, kind: ANNOTATION, name: 'step 1' },
    { start: 10, duration: 450, lane: 2, kind: MODULE, name: 'nn.Module: Model_0', parent: 0 },
    { start: 20, duration: 400, lane: 2, kind: MODULE, name: 'nn.Module: Attention_0', parent: 1 },
    { start: 30, duration: 300, lane: 2, kind: FRAME, name: 'moe.py(44): forward', parent: 2 },
    { start: 40, duration: 200, lane: 2, kind: OP, name: 'aten::mm', parent: 3 },
  ],
});
const RULES = [
  '',
  'Module class: attention module [attention]',
  'Name: attention kernel [attention]',
  'Name: memory copy [memcpy]',
];
const labels = { ...labelsOf(trace, labelOf), rules: RULES };
labels.rule.set([1, 1, 0, 0, 0, 3, 0, 2]);

function labelOf(call: number): Label {
  switch (call) {
    case 0:
    case 1:
      return { type: 'attention', module: 'Model_0.Attention_0', method: 'module' };
    case 5:
      return { type: 'memcpy' };
    case 7:
      return { type: 'attention' };
    default:
      return {};
  }
}

describe('why a call has its layer', () => {
  it('names the rule, what was looked at and which of it decided', () => {
    const explained = explainCall(trace, labels, 0);
    expect(explained).toMatchObject({
      call: 0,
      ts_us: '1.000',
      lane: 'cuda:0 stream 7',
      layer_type: 'attention',
      method: 'module',
      module: 'Model_0.Attention_0',
    });
    expect(explained.rule).toEqual({ id: 'attention', text: 'Module class: attention module' });
    expect(explained.evidence.map(({ kind, text }) => [kind, text])).toEqual([
      ['launch', 'cudaLaunchKernel on python (868)'],
      ['modules', 'Model_0 > Attention_0'],
      ['frame', 'moe.py:44 forward'],
      ['operator', 'aten::mm'],
      ['name', 'gemm_qkv'],
    ]);
    expect(explained.evidence.filter(({ decided }) => decided).map(({ kind }) => kind)).toEqual([
      'modules',
    ]);
  });

  it('keeps a conflict visible: what names alone would have said', () => {
    const others = otherVerdicts(trace, labels, 1);
    expect(others.map(({ method, type }) => [method, layerTypeOf(type).key])).toEqual([
      ['name', 'mamba'],
    ]);
    expect(explainCall(trace, labels, 1, others)).toMatchObject({
      layer_type: 'attention',
      alternatives: [{ method: 'name', layer_type: 'mamba', agrees: false }],
    });
    // What was asked leaves the labels as they were.
    expect(layerTypeOf(labels.type[1]).key).toBe('attention');
    expect(otherVerdicts(trace, labels, 0)).toEqual([]);
    expect(otherVerdicts(trace, labels, 3)).toEqual([]);
  });

  it('marks the name where it decided', () => {
    const { evidence, method, alternatives } = explainCall(trace, labels, 7);
    expect(method).toBe('name');
    expect(alternatives).toEqual([]);
    expect(evidence.find(({ decided }) => decided)).toMatchObject({
      kind: 'name',
      text: 'flash_fwd_kernel',
    });
  });

  it('shows up to three calls before and after on the same stream', () => {
    const around = (call: number): (readonly [number, number])[] =>
      explainCall(trace, labels, call).neighbours.map((other) => [other.offset, other.call]);
    expect(around(3)).toEqual([
      [-2, 0],
      [-1, 1],
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(around(2)).toEqual([[1, 7]]);
    expect(explainCall(trace, labels, 3).neighbours[1]).toMatchObject({
      name: 'selective_scan_fwd',
      layer_type: 'attention',
      method: 'module',
    });
  });

  it('says where in its layer a call stands', () => {
    const placed = labelsOf(
      trace,
      (call) => ({ type: 'attention', index: call < 2 ? 17 : 18, step: 0, method: 'structure' }),
      [{ label: 'decode 4', phase: 'decode', rank: 0, number: 4, start: 0, duration: 1 }],
    );
    expect(explainCall(trace, placed, 1).evidence).toContainEqual({
      kind: 'position',
      text: 'call 2 of 2 of layer 17 in a row, in step "decode 4"',
      decided: true,
    });
  });

  it('refuses a call the trace does not have', () => {
    for (const call of [-1, 8, 1.5]) {
      expect(() => explainCall(trace, labels, call)).toThrow(NoSuchCallError);
    }
  });

  it('tells the id of a rule from its words', () => {
    expect(ruleWords('Name: a kernel [x][k-1]')).toEqual({ id: 'k-1', text: 'Name: a kernel [x]' });
    expect(ruleWords('no id')).toEqual({ id: '', text: 'no id' });
    expect(ruleWords('')).toEqual({ id: '', text: '' });
  });
});

describe('why a call has no layer type', () => {
  const reason = unclassifiedReasons(trace, labels);

  it('is told by what the trace has of its launch', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map(reason)).toEqual([
      '',
      '',
      UNCLASSIFIED_REASONS.noLaunch,
      UNCLASSIFIED_REASONS.elsewhere,
      UNCLASSIFIED_REASONS.replayed,
      '', // a copy that no module claimed is a memory copy
      UNCLASSIFIED_REASONS.noLaunch,
    ]);
    const bare = traceOf({
      lanes: [stream(), thread()],
      gpu: [
        { start: 10, duration: 1, name: 'gemm', launch: 0 },
        { start: 20, duration: 1, name: 'Memcpy DtoD', kind: MEMCPY, launch: 0 },
      ],
      launches: [{ start: 0, duration: 1, lane: 1 }],
    });
    const bareReason = unclassifiedReasons(bare, labelsOf(bare));
    expect([0, 1].map(bareReason)).toEqual([
      UNCLASSIFIED_REASONS.nothingRecorded,
      UNCLASSIFIED_REASONS.copy,
    ]);
  });

  it('is what a pass said, where one did', () => {
    const withRule = { ...labelsOf(trace), rules: ['', 'two layers fit equally well'] };
    withRule.rule[3] = 1;
    expect(unclassifiedReasons(trace, withRule)(3)).toBe('two layers fit equally well');
    const explained = explainCall(trace, withRule, 3);
    expect(explained).toMatchObject({
      method: 'none',
      rule: { id: '', text: 'two layers fit equally well' },
    });
    expect(explained.evidence.some(({ decided }) => decided)).toBe(false);
    expect(attributedCalls(trace, withRule, 3, 1, true)[0]).toMatchObject({
      layer_type: 'unclassified',
      rule: 'two layers fit equally well',
    });
  });

  it('has a line of what was looked at for every call', () => {
    const why = lookedAt(trace);
    expect(why(0)).toBe(
      'launch cudaLaunchKernel; module Attention_0; frame moe.py(44): forward; operator aten::mm',
    );
    expect(why(2)).toBe('no launch');
    expect(why(4)).toBe('graph launch cudaGraphLaunch');
    expect(attributedCalls(trace, labels, 0, 1)[0]).not.toHaveProperty('why');
    expect(attributedCalls(trace, labels, 2, 1, true)[0]).toMatchObject({
      rule: UNCLASSIFIED_REASONS.noLaunch,
      why: 'no launch',
    });
  });
});

describe('what is left', () => {
  it('is listed by name, the most time first, with all of it accounted for', () => {
    const list = unclassified(trace, labels);
    expect(list.kernels.map(({ name, calls, total_ns }) => [name, calls, total_ns])).toEqual([
      ['shared_gemm', 2, 75],
      ['replayed', 1, 40],
      ['side', 1, 10],
    ]);
    expect(list.calls).toBe(4);
    expect(list.total_ns).toBe(125);
    expect(list.share).toBeCloseTo(125 / 575);
    expect(list.kernels[0].reasons).toEqual([
      { reason: UNCLASSIFIED_REASONS.elsewhere, calls: 1, total_ns: 50 },
      { reason: UNCLASSIFIED_REASONS.noLaunch, calls: 1, total_ns: 25 },
    ]);
    expect(list.kernels[0].longest).toEqual({ call: 3, start_ns: 1600, duration_ns: 50 });
    expect(list.kernels[2].streams).toEqual(['cuda:0 stream 20']);
    const left = list.population.evidence.at(-1);
    expect(left).toMatchObject({ method: 'none', calls: 4, total_ns: 125 });
  });

  it('is that of the window, where one is set', () => {
    const list = unclassified(trace, labels, { window: { startNs: 1650, endNs: 1850 } });
    expect(list.kernels.map(({ name }) => name)).toEqual(['replayed']);
    expect(list.share).toBeCloseTo(40 / 70);
  });

  it('counts the calls of a name that are classified beside it', () => {
    const some = labelsOf(trace, (call) => (call === 3 ? { type: 'mlp' } : {}));
    const gemm = unclassified(trace, some).kernels.find(({ name }) => name === 'shared_gemm');
    expect(gemm).toMatchObject({ calls: 1, classified_calls: 1 });
  });
});

describe('population by evidence', () => {
  it('counts every call once, strongest evidence first, unclassified last', () => {
    const { evidence, by_method, rows } = populationOf(trace, labels);
    expect(evidence.map(({ method }) => method)).toEqual(['module', 'name', 'none']);
    expect(evidence.reduce((sum, { calls }) => sum + calls, 0)).toBe(rows);
    expect(evidence.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    for (const { method, share } of evidence) {
      expect(by_method[method]).toBe(share);
    }
  });
});

describe('the call at a time', () => {
  const epoch: Trace = {
    ...trace,
    clock: { originNs: 1777334400000000123n, epoch: 'unix', fileBaseNs: 1000000000000000000n },
  };

  it('is the one that starts then, exactly, also where the time passes 2^53 ns', () => {
    // file time = 777334400000000123 + 1600 ns
    expect(callAt(epoch, '777334400000001.723')).toEqual({ call: 3, note: '' });
    expect(callAt(trace, '1.6')).toEqual({ call: 3, note: '' });
  });

  it('says which others start at the same time', () => {
    expect(callAt(trace, '1.900')).toEqual({
      call: 6,
      note: 'Other calls start at the same time: 7 (--call).',
    });
  });

  it('is the last started of those that run then, and says so', () => {
    expect(callAt(trace, '1.255')).toMatchObject({ call: 2 });
    expect(callAt(trace, '1.300').call).toBe(1);
    expect(callAt(trace, '1.300').note).toContain('was running then');
  });

  it('names the nearest where none runs, and refuses what is no time', () => {
    expect(() => callAt(trace, '1.550')).toThrow(/nearest starts at 1\.600 µs \(--call 3\)/);
    expect(() => callAt(trace, '0')).toThrow(/nearest starts at 1\.000 µs \(--call 0\)/);
    expect(() => callAt(trace, '99999')).toThrow(/--call 7/);
    for (const text of ['', 'now', '1e3', '1,5', 'NaN']) {
      expect(() => callAt(trace, text)).toThrow(NoSuchCallError);
    }
    expect(() => callAt(traceOf({}), '1')).toThrow('The trace has no GPU event.');
  });
});
