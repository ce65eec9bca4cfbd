import type { Roles } from './kernelRoles.js';

/** Where a normalisation stands in a sequence; positions, not rows. */
export interface NormSite {
  readonly start: number;
  /** after the last kernel that certainly belongs to it */
  readonly end: number;
  /** the residual is added in the same kernel */
  readonly addsResidual: boolean;
}

/**
 * Normalisations of a sequence: one kernel, or the element-wise kernels PyTorch runs for it (to float,
 * square, mean, add epsilon, rsqrt, multiply).
 *
 * @param roles by position
 */
export function findNorms(roles: Roles): NormSite[] {
  const sites: NormSite[] = [];
  for (let i = 0; i < roles.length; i++) {
    const role = roles[i];
    if (role === 'norm' || role === 'fused_add_norm') {
      sites.push({ start: i, end: i + 1, addsResidual: role === 'fused_add_norm' });
    } else if (role === 'rsqrt') {
      let start = i;
      for (const expected of ['add_scalar', 'mean', 'square', 'copy'] as const) {
        if (roles[start - 1] === expected) {
          start--;
        }
      }
      // Without a mean before it, a reciprocal root is no normalisation of a row.
      if (roles.slice(start, i).includes('mean')) {
        const end = roles[i + 1] === 'multiply' ? i + 2 : i + 1;
        sites.push({ start, end, addsResidual: false });
      }
    }
  }
  return sites;
}
