import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseConfigurationText } from '../../../../src/layers/model/configurationText.js';
import type { ModelPlan } from '../../../../src/layers/model/modelPlan.js';
import { readModelPlan } from '../../../../src/layers/model/readModelPlan.js';
import { LAYER_TYPES, type LayerLabels, type Trace } from '../../../../src/trace/index.js';
import { readTrace } from '../../kineto/readFixture.js';

const FOLDER = 'test/fixtures/layers';

export interface Recorded {
  readonly trace: Trace;
  /** by row of `trace.gpu`: `path|Class` of the module that launched it, '' = none */
  readonly modules: readonly string[];
}

export function recordedPlan(model: string): ModelPlan {
  return readModelPlan(
    parseConfigurationText(readFileSync(`${FOLDER}/${model}.config.json`, 'utf8')),
  );
}

/** @param name such as `falcon_h1.graph` */
export async function readRecorded(name: string): Promise<Recorded> {
  const trace = await readTrace(`${FOLDER}/${name}.pt.trace.json.gz`);
  const rows = gunzipSync(readFileSync(`${FOLDER}/${name}.truth.tsv.gz`))
    .toString('utf8')
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split('\t'))
    .sort(([a], [b]) => Number(a) - Number(b));
  const durations = rows.map(([, duration]) => Math.round(Number(duration) * 1000));
  if (durations.some((duration, row) => duration !== trace.gpu.duration[row])) {
    throw new Error(`The events of ${name} are not those of its truth`);
  }
  return { trace, modules: rows.map(([, , module]) => module) };
}

/** Share of GPU time, 0 to 1. */
export interface Shares {
  readonly type: number;
  readonly wrongType: number;
  readonly index: number;
  readonly wrongIndex: number;
}

/** How much of the time that modules launched has the right type, and of that in layers the right index. */
export function sharesRight({ trace, modules }: Recorded, labels: LayerLabels): Shares {
  const withExperts = layersThat(modules, /\.experts\b/);
  const withDelta = layersThat(modules, /\|KimiLinearDeltaAttention$/);
  const time = { types: 0, right: 0, wrong: 0, indices: 0, rightIndex: 0, wrongIndex: 0 };
  modules.forEach((module, row) => {
    const accepted = acceptedTypes(module, withExperts, withDelta);
    const duration = trace.gpu.duration[row];
    if (accepted === null) {
      return;
    }
    const type = LAYER_TYPES[labels.type[row]].key;
    time.types += duration;
    time.right += accepted.includes(type) ? duration : 0;
    time.wrong += accepted.includes(type) || type === 'unclassified' ? 0 : duration;
    const layer = layerOf(module);
    if (layer >= 0) {
      time.indices += duration;
      time.rightIndex += labels.index[row] === layer ? duration : 0;
      time.wrongIndex += labels.index[row] !== layer && labels.index[row] >= 0 ? duration : 0;
    }
  });
  return {
    type: time.right / time.types,
    wrongType: time.wrong / time.types,
    index: time.rightIndex / time.indices,
    wrongIndex: time.wrongIndex / time.indices,
  };
}

function layerOf(module: string): number {
  return Number(/layers\.(\d+)/.exec(module)?.[1] ?? -1);
}

function layersThat(modules: readonly string[], pattern: RegExp): ReadonlySet<number> {
  return new Set(modules.filter((module) => pattern.test(module)).map(layerOf));
}

/** What a kernel of the module may be called; null where no module, or only the model, launched it. */
function acceptedTypes(
  module: string,
  withExperts: ReadonlySet<number>,
  withDelta: ReadonlySet<number>,
): readonly string[] | null {
  const [path] = module.split('|');
  const layer = layerOf(module);
  const inLayer = /layers\.\d+\.?(.*)$/.exec(path)?.[1];
  if (inLayer === undefined) {
    return /lm_head/.test(path)
      ? ['lm_head']
      : /norm/.test(path)
        ? ['norm']
        : /embed_tokens/.test(path)
          ? ['embedding']
          : /rotary_emb|pos_emb/.test(path)
            ? ['rope', 'attention']
            : null;
  }
  const names = inLayer.split('.');
  if (names.includes('mamba')) {
    return ['mamba'];
  }
  if (names.includes('linear_attn')) {
    return ['linear_attention'];
  }
  if (names.includes('conv')) {
    return ['short_conv'];
  }
  if (names.includes('self_attn')) {
    return [withDelta.has(layer) ? 'linear_attention' : 'attention'];
  }
  if (names.includes('mlp') || names.includes('feed_forward')) {
    if (!withExperts.has(layer)) {
      return ['mlp'];
    }
    return names.some((name) => name.startsWith('shared_expert'))
      ? ['moe_shared_expert']
      : names.includes('experts')
        ? ['moe_experts']
        : names.includes('gate') || names.includes('router')
          ? ['moe_router']
          : ['moe_experts', 'moe_router', 'moe_shared_expert', 'residual'];
  }
  if (inLayer === 'linear') {
    // Zamba2: takes the output of attention and MLP to the Mamba layer.
    return ['mlp', 'residual'];
  }
  // The layer's own kernels, and those of a layer within it: a norm in parts, or the residual.
  return /norm$/.test(inLayer) ? ['norm'] : ['residual', 'norm'];
}
