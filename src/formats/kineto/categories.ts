import { HOST_KINDS, type HostKind } from '../../trace/index.js';

/** What the rows of a category are to us. `None`: known and left out, or unknown. */
export const Role = {
  None: 0,
  Kernel: 1,
  Memcpy: 2,
  Memset: 3,
  Launch: 4,
  Python: 5,
  Operator: 6,
  Annotation: 7,
  Host: 8,
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/**
 * Categories by their spelling in the file; the capitalised ones are those of 2021. HIP runs use the
 * CUDA words. The privateuse, xpu and mtia spellings are those of Kineto's own source.
 */
const ROLES: Readonly<Record<string, Role>> = {
  kernel: Role.Kernel,
  Kernel: Role.Kernel,
  concurrent_kernel: Role.Kernel,
  gpu_memcpy: Role.Memcpy,
  Memcpy: Role.Memcpy,
  gpu_memset: Role.Memset,
  Memset: Role.Memset,
  cuda_runtime: Role.Launch,
  cuda_driver: Role.Launch,
  hip_runtime: Role.Launch,
  hip_driver: Role.Launch,
  xpu_runtime: Role.Launch,
  xpu_driver: Role.Launch,
  mtia_runtime: Role.Launch,
  privateuse1_runtime: Role.Launch,
  privateuse1_driver: Role.Launch,
  Runtime: Role.Launch,
  python_function: Role.Python,
  cpu_op: Role.Operator,
  Operator: Role.Operator,
  user_annotation: Role.Annotation,
};

/**
 * Categories of host events. PyTorch knows the first; the others are those of our own exports, which
 * nothing else uses.
 */
export const HOST_CATEGORIES = {
  overhead: 'overhead',
  scheduler: 'host_scheduler',
  memory: 'host_memory',
  process: 'host_process',
  io: 'host_io',
  network: 'host_network',
  other: 'host_other',
} as const satisfies Record<HostKind, string>;
const HOST_CODES = new Map<string, number>(
  HOST_KINDS.map((kind, code) => [HOST_CATEGORIES[kind], code]),
);

/** Code in HOST_KINDS of a category of host events; -1 for another one. */
export function hostKindOf(category: string): number {
  return HOST_CODES.get(category) ?? -1;
}

export function roleOf(category: string): Role {
  if (Object.hasOwn(ROLES, category)) {
    return ROLES[category];
  }
  return HOST_CODES.has(category) ? Role.Host : Role.None;
}

/** Why a complete event of this category is no event of ours. */
export function skippedCategory(category: string): string {
  switch (category) {
    case 'gpu_user_annotation':
      return 'GPU mirrors of annotations (gpu_user_annotation)';
    case 'Trace':
      return "the profiler's own span (Trace)";
    case 'cuda_profiler_range':
      return 'hardware counters (cuda_profiler_range)';
    case 'cuda_sync':
      return 'GPU synchronisation marks (cuda_sync)';
    case '':
      return 'events without a category';
    default:
      return `category ${category}`;
  }
}

/** Why an event of this phase is no event of ours. */
export function skippedPhase(phase: string, category: string): string {
  switch (phase) {
    case 'M':
      return 'process and thread names (M)';
    case 's':
    case 't':
    case 'f':
      return category === '' ? 'flow arrows' : `flow arrows (${category})`;
    case 'i':
    case 'I':
    case 'R':
    case 'n':
      return category === '' ? 'instant events' : `instant events (${category})`;
    case 'B':
    case 'E':
    case 'b':
    case 'e':
      return 'begin/end pairs (B, E, b, e)';
    case 'S':
    case 'T':
    case 'p':
    case 'F':
      return 'asynchronous events (S, T, p, F)';
    default:
      return 'other phases';
  }
}
