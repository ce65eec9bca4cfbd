/**
 * The kinds of work a model's layers do. The order is the code stored in `LayerLabels.type`
 * columns; the key is what the CLI, SQL and JSON say; the label is what people read.
 */
export const LAYER_TYPES = [
  { key: 'unclassified', label: 'Unclassified' },
  { key: 'mamba', label: 'Mamba SSM' },
  { key: 'linear_attention', label: 'Linear attention' },
  { key: 'short_conv', label: 'Short convolution' },
  { key: 'attention', label: 'Transformer attention' },
  { key: 'moe_router', label: 'MoE router' },
  { key: 'moe_all_to_all', label: 'MoE all-to-all' },
  { key: 'moe_experts', label: 'MoE experts' },
  { key: 'moe_shared_expert', label: 'MoE shared expert' },
  { key: 'mlp', label: 'MLP' },
  { key: 'norm', label: 'Norm' },
  { key: 'rope', label: 'Rotary embedding' },
  { key: 'residual', label: 'Residual' },
  { key: 'embedding', label: 'Embedding' },
  { key: 'lm_head', label: 'LM head' },
  { key: 'sampling', label: 'Sampling' },
  { key: 'collective', label: 'Collective' },
  { key: 'memcpy', label: 'Memory copy' },
] as const;

export type LayerType = (typeof LAYER_TYPES)[number]['key'];

export const UNCLASSIFIED = 0;

const codes = new Map<string, number>(LAYER_TYPES.map((t, code) => [t.key, code]));

/** The column code of a layer type. @throws RangeError for a word that is none. */
export function layerTypeCode(key: string): number {
  const code = codes.get(key);
  if (code === undefined) {
    throw new RangeError(`'${key}' is not a layer type`);
  }
  return code;
}

export function isLayerType(key: string): key is LayerType {
  return codes.has(key);
}

/** The key and label of a column code. */
export function layerTypeOf(code: number): (typeof LAYER_TYPES)[number] {
  const type = LAYER_TYPES[code];
  if (type === undefined) {
    throw new RangeError(`layer type code ${code} is unknown`);
  }
  return type;
}
