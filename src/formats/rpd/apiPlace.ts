/** What a row of `rocpd_api` is. */
export type ApiPlace = 'launch' | 'marker' | 'overhead' | 'range' | 'library';

/** The name the tracer gives to ranges and marks of roctx and of torch's operators; the text is in the arguments. */
export const USER_MARKER = 'UserMarker';

/** The tracer's own work: writing its tables, taking over the driver's records. */
const OVERHEAD = /^(\w*Table::\w+|hcc_activity_callback|rpdflush)$/;
const API =
  /^(_*hip[A-Z_]|hsa_|hsaKmt|cuda[A-Z]|cu[A-Z]|nccl[A-Z]|rccl|miopen[A-Z]|roc(blas|fft|rand|sparse|solver)_)/;

/** What a domain says of its rows, since schema 3. Any other is of a library that reports its own work. */
const DOMAINS: Readonly<Record<string, ApiPlace>> = {
  hip: 'launch',
  hsa: 'launch',
  cuda: 'launch',
  roctx: 'marker',
  nvtx: 'marker',
  rpd_tracer: 'overhead',
};

/**
 * Calls of HIP, HSA, CUDA and libraries over them are API calls; a name of any other kind was given by
 * the program itself (`rpd_rangePush`).
 * @param domain '' where the file states none; then the name decides
 */
export function apiPlace(name: string, domain: string): ApiPlace {
  if (name === USER_MARKER) {
    return 'marker';
  }
  if (domain !== '') {
    return Object.hasOwn(DOMAINS, domain) ? DOMAINS[domain] : 'library';
  }
  return OVERHEAD.test(name) ? 'overhead' : API.test(name) ? 'launch' : 'range';
}
