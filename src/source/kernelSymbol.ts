/** Generated or closed kernels: no definition of these is in anybody's workspace. */
const NOT_IN_SOURCE =
  /^(nvjet|cublas|cudnn|cutlass|ampere|turing|volta|sm\d+_|gemm|gemv|nccl|rccl|Cijk|triton_(poi|red|per|tem|spl)_|Memcpy|Memset)/i;
const LIBRARY_SPACES = new Set([
  'at',
  'c10',
  'cub',
  'thrust',
  'cutlass',
  'cublasLt',
  'cudnn',
  'std',
]);

/**
 * The function name under which a kernel's source defines it: `_chunk_scan_fwd_kernel` of a Triton
 * kernel, `selective_scan_fwd_kernel` of `void ns::selective_scan_fwd_kernel<Traits<...>>(Params)`.
 * '' for kernels of closed or generated libraries and for names that are no identifier.
 */
export function kernelSymbol(name: string): string {
  const qualified = withoutArguments(name).trim().split(/\s+/).at(-1) ?? '';
  const parts = qualified.split('::').filter((part) => part !== '');
  const symbol = parts.at(-1) ?? '';
  if (NOT_IN_SOURCE.test(name) || !/^[A-Za-z_]\w*$/.test(symbol) || symbol.startsWith('_Z')) {
    return '';
  }
  return NOT_IN_SOURCE.test(symbol) || LIBRARY_SPACES.has(parts[0]) ? '' : symbol;
}

/** The name up to its parameters, without template arguments and "(anonymous namespace)". */
function withoutArguments(name: string): string {
  const text = name.replaceAll('(anonymous namespace)::', '');
  let out = '';
  let depth = 0;
  for (const c of text) {
    if (c === '<') {
      depth++;
    } else if (c === '>') {
      depth--;
    } else if (depth === 0) {
      if (c === '(') {
        break;
      }
      out += c;
    }
  }
  return out;
}
