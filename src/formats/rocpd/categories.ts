import { HOST_KINDS } from '../../trace/index.js';

/** What a region or sample is, by its category. */
export type RegionPlace =
  | { readonly is: 'launch' | 'annotation' }
  | { readonly is: 'host'; readonly kind: number }
  | { readonly is: 'skipped'; readonly reason: string };

const LAUNCH: RegionPlace = { is: 'launch' };
const RANGE: RegionPlace = { is: 'annotation' };
const HOST: RegionPlace = { is: 'host', kind: HOST_KINDS.indexOf('other') };

/**
 * Categories in capitals are those of rocprofv3 (`HIP_RUNTIME_API_EXT`, `MARKER_CORE_RANGE_API`), in
 * small letters those of ROCm Systems Profiler (`rocm_hip_api`, `timer_sampling`). Of its sampled call
 * stacks each frame is a region of its own, and CPU time is written where others have their times.
 */
const PLACES: readonly (readonly [RegExp, RegionPlace])[] = [
  [/sampling/i, { is: 'skipped', reason: 'sampled call stacks, which are no calls' }],
  [/marker|roctx|^user$/i, RANGE],
  [/hip|hsa|rccl|rocdecode|rocjpeg|rocblas/i, LAUNCH],
  [/^(pthread|kfd|process|thread|host_thread)/i, HOST],
];
/** HIP, HSA and RCCL calls, where no category says so. */
const CALL = /^(_*hip[A-Z_]|hsa_|hsaKmt|nccl[A-Z]|rccl)/;

/** @param category '' where the file states none; then the name decides */
export function regionPlace(category: string, name: string): RegionPlace {
  const known = PLACES.find(([pattern]) => pattern.test(category))?.[1];
  return known ?? (category === '' && CALL.test(name) ? LAUNCH : RANGE);
}

export function isMarkerCategory(category: string): boolean {
  return /marker|roctx/i.test(category);
}
