import type { SqlEngine } from '../../sqlite/engine.js';
import type { Frame } from '../../trace/index.js';

/**
 * The stacks of `rocpd_stackframe` by the id of their API call, as ids of texts, innermost first: depth 0
 * is the call itself (docs/perf_playbooks of ROCm/rocmProfileData).
 * @throws SqlError
 */
export function stackTexts(engine: SqlEngine): Map<number, number[]> {
  const stacks = new Map<number, number[]>();
  const columns = engine.columnsOf('rocpd_stackframe');
  if (['api_ptr_id', 'depth', 'name_id'].every((name) => columns.includes(name))) {
    engine.eachNumeric(
      'SELECT api_ptr_id, name_id FROM rocpd_stackframe ORDER BY api_ptr_id, depth',
      (row) => {
        const stack = stacks.get(row[0]);
        if (stack === undefined) {
          stacks.set(row[0], [row[1]]);
        } else {
          stack.push(row[1]);
        }
      },
    );
  }
  return stacks;
}

/** "#2 0x00000000002055ae in main_foo(int, char**) at /root/main.hip:169:5", "#1 (inlined) in f() at g.h:9:2" */
const NATIVE =
  /^#\d+\s+(?:0x[0-9a-f]+|\(inlined\))?\s*(?:in (.*\S) )?at (\S.*?)(?::(\d+))?(?::\d+)?$/i;
/** "forward (/srv/simple.py:10)", "hipblasSgemm (/opt/rocm/lib/libhipblas.so.2:0)" */
const HYBRID = /^(.*\S) \(([^()]+):(\d+)\)$/;
const LIBRARY = /\.so(\.[\d.]+)?$|\.dll$/i;

/** A frame as the tracer writes it, in one of two ways: for native code, or for Python over native code. */
export function stackFrame(text: string): Frame {
  const line = text.trim();
  const native = NATIVE.exec(line);
  const hybrid = native === null ? HYBRID.exec(line) : null;
  const [, name, place, number] = native ?? hybrid ?? [];
  if (place === undefined) {
    return { file: '', line: 0, function: line, library: '' };
  }
  const stated = Number(number ?? 0);
  // Without debug symbols the place is the library, and no line of it.
  const library = LIBRARY.test(place) || stated === 0;
  return {
    file: library ? '' : place,
    line: library || !Number.isSafeInteger(stated) ? 0 : stated,
    function: name ?? '',
    library: library ? place : '',
  };
}
