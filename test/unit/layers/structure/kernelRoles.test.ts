import { expect, it } from 'vitest';
import { builtInRules } from '../../../../src/layers/builtInRules.js';
import { KernelRoles } from '../../../../src/layers/structure/kernelRoles.js';
import { NameTable } from '../../../../src/trace/index.js';
import { NAME } from './modelScene.js';

it('a kernel has the role of the first rule that matches its name, or none', () => {
  const names = new NameTable();
  const roles = new KernelRoles(names, builtInRules().structure);
  expect(roles.of(names.intern(NAME.topk))).toBe('topk');
  expect(roles.of(names.intern('my_kernel'))).toBeNull();
  expect(roles.of(names.intern(NAME.topk))).toBe('topk');
});
