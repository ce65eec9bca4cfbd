import { describe, expect, it } from 'vitest';
import { builtInRules } from '../../../src/layers/builtInRules.js';
import { newLabelDraft } from '../../../src/layers/labelDraft.js';
import { backwardPass } from '../../../src/layers/passes/backwardPass.js';
import { layerTypeCode, METHODS, type LayerType, type Method } from '../../../src/trace/index.js';
import { backward, kernel, marked, op, sceneTrace, told, type Act } from './scene.js';

const EVALUATE = 'autograd::engine::evaluate_function: ';
const engine = (of: string, node: string, ...inside: Act[]): Act =>
  backward(of, EVALUATE + node, backward(of, node, ...inside));

/** Labels of the calls of a scene after the pass, given those of its forward kernels. */
function after(
  acts: readonly Act[],
  forward: Record<string, [type: LayerType, index: number, method: Method]>,
) {
  const trace = sceneTrace([{ acts: acts.slice(0, 1) }, { acts: acts.slice(1) }]);
  const labels = newLabelDraft(trace.gpu.count);
  told(trace, labels).forEach(({ name }, row) => {
    const known = forward[name];
    if (known !== undefined) {
      labels.type[row] = layerTypeCode(known[0]);
      labels.index[row] = known[1];
      labels.method[row] = METHODS.indexOf(known[2]);
      labels.rule[row] = labels.ruleId('Structure: between two normalisations');
    }
  });
  backwardPass(builtInRules()).run(trace, labels);
  return Object.fromEntries(
    told(trace, labels).map((call, row) => [
      call.name,
      { ...call, rule: labels.rules[labels.rule[row]] },
    ]),
  );
}

describe('backward kernels without modules', () => {
  const linear = op('step', marked('linear', 'aten::linear', op('aten::mm', kernel('gemm'))));

  it('take the label that order gave to all that their forward operator ran', () => {
    const calls = after(
      [linear, engine('linear', 'MmBackward0', op('aten::mm', kernel('dgrad')))],
      {
        gemm: ['mlp', 3, 'structure'],
      },
    );
    expect(calls['dgrad']).toMatchObject({
      type: 'mlp',
      index: 3,
      method: 'structure',
      rule: 'backward of a call told by: Structure: between two normalisations',
    });
  });

  it('and so does the adding up of their gradients', () => {
    const accumulate = op(
      `${EVALUATE}torch::autograd::AccumulateGrad`,
      op('torch::autograd::AccumulateGrad', kernel('weight')),
    );
    const calls = after([linear, engine('linear', 'MmBackward0', kernel('dgrad')), accumulate], {
      gemm: ['mlp', 3, 'companion'],
    });
    expect(calls['weight']).toMatchObject({ type: 'mlp', index: 3, method: 'companion' });
  });

  it('stay open where the operator ran kernels of several layers or types', () => {
    const two = marked('two', 'our::fused', kernel('a'), kernel('b'));
    const calls = after([two, engine('two', 'FusedBackward0', kernel('dx'))], {
      a: ['attention', 1, 'structure'],
      b: ['mlp', 1, 'structure'],
    });
    expect(calls['dx']).toMatchObject({ type: 'unclassified', index: -1 });
  });

  it('are left to weaker evidence where a name alone told the forward kernel', () => {
    const calls = after([linear, engine('linear', 'MmBackward0', kernel('dgrad'))], {
      gemm: ['mlp', -1, 'name'],
    });
    expect(calls['dgrad']).toMatchObject({ type: 'unclassified' });
  });
});
