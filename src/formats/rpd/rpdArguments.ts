import type { SqlEngine } from '../../sqlite/engine.js';
import { numberOf } from '../numberOf.js';

/** A row of `rocpd_kernelapi`. */
export interface KernelArguments {
  readonly grid: readonly number[];
  readonly block: readonly number[];
  readonly name: string;
}

/** Arguments of the calls that launch kernels, by their call. @throws SqlError */
export function kernelArguments(
  engine: SqlEngine,
  strings: ReadonlyMap<number, string>,
): Map<number, KernelArguments> {
  const byApi = new Map<number, KernelArguments>();
  const columns = engine.columnsOf('rocpd_kernelapi');
  if (columns.length === 0) {
    return byApi;
  }
  const of = (name: string): string => (columns.includes(name) ? numberOf(name) : 'NULL');
  const sizes = ['gridX', 'gridY', 'gridZ', 'workgroupX', 'workgroupY', 'workgroupZ'].map(of);
  engine.eachNumeric(
    `SELECT api_ptr_id, ${of('kernelName_id')}, ${sizes.join(', ')} FROM rocpd_kernelapi`,
    (row) => {
      byApi.set(row[0], {
        name: strings.get(row[1]) ?? '',
        grid: [row[2], row[3], row[4]],
        block: [row[5], row[6], row[7]],
      });
    },
  );
  return byApi;
}

/** Bytes of each copy, by its call; a 2D copy states width and height instead. @throws SqlError */
export function copyBytes(engine: SqlEngine): Map<number, number> {
  const bytes = new Map<number, number>();
  const columns = engine.columnsOf('rocpd_copyapi');
  if (columns.length === 0) {
    return bytes;
  }
  const of = (name: string): string => (columns.includes(name) ? numberOf(name) : 'NULL');
  engine.eachNumeric(
    `SELECT api_ptr_id, coalesce(${of('size')}, (${of('width')}) * (${of('height')})) FROM rocpd_copyapi`,
    (row) => bytes.set(row[0], row[1]),
  );
  return bytes;
}
