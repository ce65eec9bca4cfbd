import type { Frame } from '../trace/index.js';

/**
 * Packages that carry a model's calls out but do not say what the model does. `triton` is the compiler
 * itself: `mamba_ssm/ops/triton/` is a folder of a model library and stays.
 */
const CARRIERS = new Set([
  'torch',
  'torchgen',
  'functorch',
  'triton',
  'einops',
  'numpy',
  'wrapt',
  'nvtx',
  'accelerate',
  'ray',
  'uvloop',
]);

/** Folders of `torch` by which an installation outside of site-packages is told from a model's own folder. */
const TORCH_PARTS =
  /^(nn|autograd|cuda|distributed|utils|jit|fx|compiler|_dynamo|_inductor|_functorch|_higher_order_ops|_library|_ops\.py|_tensor\.py|_VF\.py|functional\.py|overrides\.py)$/;

/** Modules of Python's library that stand on a stack between a model's functions. */
const PYTHON_LIBRARY =
  /^(contextlib|functools|typing|dataclasses|threading|runpy|enum|abc|types|copy|queue|selectors|weakref|inspect|logging|asyncio|concurrent|multiprocessing|importlib|collections|socket|socketserver)(\.py)?$/;

/** Functions that only call another: what they wrap is the next frame inwards or outwards. */
const WRAPPERS = new Set([
  '_call_impl',
  '_wrapped_call_impl',
  'decorate_context',
  'inner',
  'wrapper',
  'wrapped',
  'new_forward',
  '_fn',
  '__torch_function__',
  '__torch_dispatch__',
  '__getattr__',
  '__getattribute__',
]);

/** Files of model libraries whose functions only pass a call on. */
const PASSING = /(^|\/)transformers\/(modeling_layers|integrations\/hub_kernels)\.py$/;

/**
 * Whether a frame is code that says what the model does: a Python function with a file that belongs
 * neither to PyTorch, Triton and other carriers nor to Python itself, and is no wrapper.
 */
export function isModelFrame(frame: Frame): boolean {
  const file = frame.file.replaceAll('\\', '/');
  if (file === '' || file.startsWith('<') || WRAPPERS.has(frame.function) || PASSING.test(file)) {
    return false;
  }
  if (frame.library !== '') {
    return false; // a frame of native code: its "file" is no source of the model
  }
  const segments = file.split('/').filter((segment) => segment !== '');
  const installed = segments.findLastIndex((s) => s === 'site-packages' || s === 'dist-packages');
  if (installed < 0 && file.startsWith('/') && /\/lib\/python3[^/]*\//.test(file)) {
    return false;
  }
  // The profiler cuts what is in sys.path off: "torch/nn/modules/linear.py".
  const isRelative = installed < 0 && !/^([A-Za-z]:)?\//.test(file);
  if (installed >= 0 || isRelative) {
    const top = segments[installed + 1] ?? '';
    return !CARRIERS.has(top) && !(isRelative && PYTHON_LIBRARY.test(top));
  }
  return !segments.some((s, i) => s === 'torch' && TORCH_PARTS.test(segments[i + 1] ?? ''));
}
