import { HOST_KINDS, type HostKind } from '../trace/index.js';

const WORDS: readonly (readonly [RegExp, HostKind])[] = [
  [/^(sched|context_switch|cpu_)/, 'scheduler'],
  [/^(mm_|page|oom|memory)/, 'memory'],
  [/^(process|fork|exec|pod_|thread)/, 'process'],
  [/^(block|io_|io$|read|write|fsync|disk|nvme)/, 'io'],
  [/^(net|tcp|udp|socket|send|recv)/, 'network'],
  [/^(profiler|overhead)/, 'overhead'],
];

/**
 * The kind of an operating-system event by its name (Linux tracepoints: "sched_switch",
 * "mm_page_alloc", "block_read"), else by its source ("io", "net").
 * @returns the code in HOST_KINDS
 */
export function hostKind(name: string, source: string): number {
  // Kubernetes' pod_oom_kill is about memory, as the kernel's oom_kill is.
  const text = name.toLowerCase().replace(/^pod_oom/, 'oom');
  const kind =
    WORDS.find(([pattern]) => pattern.test(text))?.[1] ??
    WORDS.find(([pattern]) => pattern.test(source.toLowerCase()))?.[1] ??
    'other';
  return HOST_KINDS.indexOf(kind);
}
