import type { DecompositionRow } from '../analysis/results.js';

/** A module class of the model and the calls made inside it, those of its submodules included. */
export interface ModuleClass {
  readonly name: string;
  readonly calls: number;
}

/** PyTorch's profiler numbers the instances of a class: "NemotronHMoE_12". */
const INSTANCE_NUMBER = /_\d+$/;

/**
 * The classes in the module paths of a decomposition by module, the busiest first.
 * "NemotronHBlock_3.NemotronHMoE_1" names two.
 */
export function moduleClasses(
  rows: readonly Pick<DecompositionRow, 'key' | 'calls' | 'total_ns'>[],
): ModuleClass[] {
  const classes = new Map<string, { calls: number; total: number }>();
  for (const row of rows) {
    const names = new Set(
      row.key.split('.').map((instance) => instance.replace(INSTANCE_NUMBER, '')),
    );
    for (const name of names) {
      // What is no identifier is no class ("none", "layers[3]").
      if (!/^[A-Z_]\w*$/.test(name)) {
        continue;
      }
      const sum = classes.get(name) ?? { calls: 0, total: 0 };
      classes.set(name, { calls: sum.calls + row.calls, total: sum.total + row.total_ns });
    }
  }
  return [...classes]
    .sort(([, a], [, b]) => b.total - a.total)
    .map(([name, { calls }]) => ({ name, calls }));
}
