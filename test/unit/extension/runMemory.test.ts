import { expect, it } from 'vitest';
import { RunMemory } from '../../../src/extension/runMemory.js';

it('remembers what each trace was opened with, and forgets the oldest', async () => {
  const kept = new Map<string, unknown>();
  const memory = new RunMemory({
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: async (key: string, value: unknown) => void kept.set(key, value),
  });
  expect(memory.choice('file:///a')).toEqual({});
  await memory.remember('file:///a', { files: ['file:///b'] });
  await memory.remember('file:///a', { files: ['file:///b'], loaded: ['/b'] });
  expect(memory.choice('file:///a')).toEqual({ files: ['file:///b'], loaded: ['/b'] });
  for (let i = 0; i < 100; i++) {
    await memory.remember(`file:///${i}`, { loaded: [] });
  }
  expect(memory.choice('file:///a')).toEqual({});
  expect(memory.choice('file:///0')).toEqual({ loaded: [] });
});
