import { KERNEL, MEMCPY, MEMSET } from '../../trace/index.js';

/** Where a row's time was spent: on a GPU, in an API call on the host, elsewhere on the host. */
export type Place = 'gpu' | 'api' | 'host';

const GPU = new Set([
  'cuda',
  'gpu',
  'hip',
  'rocm',
  'kernel',
  'kernels',
  'device',
  'cuda_kernel',
  'gpu_kernel',
  'hip_kernel',
  'nccl',
  'rccl',
  'memcpy',
  'memset',
  'gpu_memcpy',
  'gpu_memset',
]);
const API = new Set([
  'api',
  'runtime',
  'driver',
  'cuda_runtime',
  'cuda_driver',
  'cuda_api',
  'hip_runtime',
  'hip_api',
]);

/** The place a `source` value names; a table without that column holds GPU events only. */
export function placeOfSource(source: string): Place {
  const word = source.trim().toLowerCase();
  return GPU.has(word) ? 'gpu' : API.has(word) ? 'api' : 'host';
}

/**
 * The kind of a GPU event by its name, as profilers write copies and fills ("Memcpy HtoD (Pageable ->
 * Device)", "[CUDA memset]"); `memcpy_async_kernel` is somebody's kernel.
 */
export function gpuKind(name: string): number {
  const word = /^\W*(?:(?:cuda|hip|gpu)\s+)?mem(cpy|set)\b/i.exec(name)?.[1]?.toLowerCase();
  return word === 'cpy' ? MEMCPY : word === 'set' ? MEMSET : KERNEL;
}

/** True for names of API calls: their durations are host time, whatever the row's source says. */
export function isApiName(name: string): boolean {
  return /^(cuda|hip)[A-Z]|^cu(Launch|Mem|Ctx|Stream|Event|Module|Graph|Device)[A-Z]/.test(name);
}
