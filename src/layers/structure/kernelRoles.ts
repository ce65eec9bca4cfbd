import type { NameTable } from '../../trace/index.js';
import { testedText } from '../testedText.js';
import structure from '../rules/structure.json';
export type KernelRole = 'gemm'|'gemm_tail'|'grouped_gemm'|'norm'|'fused_add_norm'|'rsqrt'|'square'|'mean'|'add'|'add_scalar'|'scale'|'multiply'|'softmax'|'topk'|'sort'|'arange'|'histogram'|'memcpy'|'fill'|'rotary_table'|'activation'|'conv1d'|'gather'|'scatter'|'attention'|'scan'|'delta'|'collective'|'copy'|'elementwise'|'reduce'|'none';
const RULES = structure.structure.map((r) => ({ kernel: new RegExp(r.kernel), role: r.role as KernelRole }));
/** The role of each kernel name, looked up once a name. */
export class KernelRoles {
  private readonly known = new Map<number, KernelRole>();
  constructor(private readonly names: NameTable) {}
  of(name: number): KernelRole {
    let role = this.known.get(name);
    if (role === undefined) {
      const text = testedText(this.names.get(name));
      role = RULES.find((rule) => rule.kernel.test(text))?.role ?? 'none';
      this.known.set(name, role);
    }
    return role;
  }
}
