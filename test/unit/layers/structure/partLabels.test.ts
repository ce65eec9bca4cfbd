import { describe, expect, it } from 'vitest';
import type { PartKind } from '../../../../src/layers/model/modelPlan.js';
import type { KernelRole } from '../../../../src/layers/rules.js';
import { markSlot } from '../../../../src/layers/structure/partLabels.js';
import { KIND_BIT } from '../../../../src/layers/structure/slots.js';
import { layerTypeCode, type LayerType } from '../../../../src/trace/index.js';

/** A role, or a role and the type that the kernel's name proves. */
type Told = KernelRole | [KernelRole, LayerType];

const BIT: Partial<Record<LayerType, number>> = {
  mamba: KIND_BIT.mamba,
  attention: KIND_BIT.attention,
  moe_router: KIND_BIT.moe,
  moe_experts: KIND_BIT.moe,
};

/** The types of the kernels of one slot that begins with one kernel of normalisation. */
function mark(kinds: PartKind[], kernels: Told[], sharedExpert: boolean | null = null): string[] {
  const all: Told[] = ['norm', ...kernels];
  const named = all.map((told) => (typeof told === 'string' ? null : told[1]));
  const facts = {
    roles: all.map((told) => (typeof told === 'string' ? told : told[0])),
    named: Uint8Array.from(named, (type) => (type === null ? 0 : layerTypeCode(type))),
    kindBits: Uint8Array.from(named, (type) => (type === null ? 0 : (BIT[type] ?? 0))),
  };
  const mask = kinds.reduce((bits, kind) => bits | KIND_BIT[kind], 0);
  const types = Array<string>(all.length).fill('-');
  const slot = { layer: 0, kinds, mask, sharedExpert };
  markSlot(facts, slot, { start: 0, body: 1, end: all.length }, (from, to, type) =>
    types.fill(type, from, to),
  );
  expect(types.shift()).toBe('norm');
  return types;
}

const times = (type: string, count: number): string[] => Array<string>(count).fill(type);

describe('one part', () => {
  it('is all between the normalisation and the residual', () => {
    expect(mark(['mlp'], ['gemm', 'activation', 'gemm', 'add'])).toEqual([
      ...times('mlp', 3),
      'residual',
    ]);
  });

  it('keeps a copy at its end, and the scaling of its last product', () => {
    expect(mark(['mlp'], ['gemm', 'gemm', 'copy', 'add'])).toEqual([
      ...times('mlp', 3),
      'residual',
    ]);
    expect(mark(['mlp'], ['gemm', 'gemm', 'scale', 'add'])).toEqual([
      ...times('mlp', 3),
      'residual',
    ]);
  });
});

describe('parts side by side', () => {
  const attention: Told[] = ['gemm', ['attention', 'attention'], 'gemm'];
  const mamba: Told[] = ['gemm', 'conv1d', ['scan', 'mamba'], 'gemm', 'gemm_tail'];

  it('end at the output projection of each', () => {
    expect(mark(['mamba', 'attention'], [...mamba, 'scale', ...attention, 'add', 'add'])).toEqual([
      ...times('mamba', 5),
      'residual',
      ...times('attention', 3),
      ...times('residual', 2),
    ]);
  });

  it('leave the rest to the one without a distinctive kernel', () => {
    expect(mark(['attention', 'mlp'], [...attention, 'gemm', 'activation', 'gemm', 'add'])).toEqual(
      [...times('attention', 3), ...times('mlp', 3), 'residual'],
    );
  });

  it('stay open where they are interleaved', () => {
    const interleaved: Told[] = [...attention, ...mamba, ...attention];
    expect(mark(['mamba', 'attention'], [...interleaved, 'add'])).toEqual([
      ...times('-', interleaved.length),
      'residual',
    ]);
  });
});

describe('a mixture of experts', () => {
  const router: Told[] = ['copy', 'gemm', 'topk', 'elementwise'];
  const routed: Told[] = ['sort', 'grouped_gemm', 'activation', 'grouped_gemm', 'reduce'];
  const shared: Told[] = ['gemm', 'activation', 'gemm'];

  it('is router, then experts', () => {
    expect(mark(['moe'], [...router, ...routed, 'add'], false)).toEqual([
      ...times('moe_router', 4),
      ...times('moe_experts', 5),
      'residual',
    ]);
  });

  it('may run its shared expert after the routed ones', () => {
    expect(mark(['moe'], [...router, ...routed, ...shared, 'add'], true)).toEqual([
      ...times('moe_router', 4),
      ...times('moe_experts', 5),
      ...times('moe_shared_expert', 3),
      'residual',
    ]);
  });

  it('may run its shared expert before the router', () => {
    expect(mark(['moe'], [...shared, ...router, ...routed, 'add'], true)).toEqual([
      ...times('moe_shared_expert', 3),
      ...times('moe_router', 4),
      ...times('moe_experts', 5),
      'residual',
    ]);
  });

  it('stays open where no choice of experts is seen, or no product makes it', () => {
    expect(mark(['moe'], ['gemm', 'grouped_gemm', 'add'])).toEqual(['-', '-', 'residual']);
    expect(mark(['moe'], ['topk', 'grouped_gemm', 'add'])).toEqual(['-', '-', 'residual']);
  });

  it('leaves open what follows the choice where plain products may be the shared expert', () => {
    const kernels: Told[] = ['gemm', 'topk', 'gemm', 'gemm'];
    expect(mark(['moe'], kernels, true)).toEqual(['moe_router', 'moe_router', '-', '-']);
    expect(mark(['moe'], kernels, false)).toEqual([
      ...times('moe_router', 2),
      ...times('moe_experts', 2),
    ]);
  });
});
