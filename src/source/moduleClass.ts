/** Modules of torch.nn: a class of that name in a workspace is hardly the one that ran. */
const TORCH_CLASSES = new Set([
  'Linear',
  'Embedding',
  'Conv1d',
  'Conv2d',
  'Conv3d',
  'LayerNorm',
  'RMSNorm',
  'GroupNorm',
  'Dropout',
  'Identity',
  'ModuleList',
  'ModuleDict',
  'Sequential',
  'SiLU',
  'GELU',
  'ReLU',
  'Sigmoid',
  'Softmax',
  'Tanh',
]);

/**
 * The class of a module instance as the PyTorch profiler numbers them: `MambaMixer` of `MambaMixer_7`.
 * '' for what names no class (`layers`, `3`).
 */
export function classOfModule(instance: string): string {
  const name = instance.replace(/_\d+$/, '');
  return /^_?[A-Z]\w*$/.test(name) ? name : '';
}

export function isTorchClass(name: string): boolean {
  return TORCH_CLASSES.has(name);
}
