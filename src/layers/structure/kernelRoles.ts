import type { NameTable } from '../../trace/index.js';
import type { KernelRole, StructureRule } from '../rules.js';
import { testedText } from '../testedText.js';

/** Roles of kernels one after another; null for a kernel whose name has none. */
export type Roles = readonly (KernelRole | null)[];

/** The role of each kernel name, looked up once a name; null for a name without one. */
export class KernelRoles {
  private readonly known = new Map<number, KernelRole | null>();

  constructor(
    private readonly names: NameTable,
    private readonly rules: readonly StructureRule[],
  ) {}

  /** @param name id in the table */
  of(name: number): KernelRole | null {
    let role = this.known.get(name);
    if (role === undefined) {
      const text = testedText(this.names.get(name));
      role = this.rules.find((rule) => rule.kernel.test(text))?.role ?? null;
      this.known.set(name, role);
    }
    return role;
  }
}
