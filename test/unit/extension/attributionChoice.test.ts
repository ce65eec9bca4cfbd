import { describe, expect, it } from 'vitest';
import { AttributionMemory } from '../../../src/extension/attributionMemory.js';
import { configurationsBeside } from '../../../src/extension/configurationsBeside.js';

describe('the configuration beside a trace, by name', () => {
  it.each([
    ['nemotron_h.pt.trace.json.gz', 'nemotron_h.config.json'],
    ['nemotron_h.graph.pt.trace.json', 'nemotron_h.config.json'],
    ['jamba.sqlite', 'jamba.config.json'],
    ['jamba.rank0.json', 'jamba.config.json'],
    ['jamba-rank1.json', 'jamba.config.json'],
    ['jamba_TP0.json', 'jamba.config.json'],
  ])('of %s is %s', (trace, wanted) => {
    const siblings = [
      trace,
      'jamba.config.json',
      'nemotron_h.config.json',
      'config.json',
      'x.json',
    ];
    expect(configurationsBeside(trace, siblings)).toEqual([wanted]);
  });

  it('is the one with the longest name in common', () => {
    expect(
      configurationsBeside('qwen3.moe.pt.trace.json', [
        'qwen3.config.json',
        'qwen3.moe.config.json',
      ]),
    ).toEqual(['qwen3.moe.config.json']);
  });

  it('is not that of another model whose name only begins alike', () => {
    const siblings = ['qwen3.config.json', 'config.json'];
    expect(configurationsBeside('qwen3_moe.pt.trace.json', siblings)).toEqual(['config.json']);
    expect(configurationsBeside('qwen3_moe.pt.trace.json', ['qwen3.config.json'])).toEqual([]);
  });

  it('is never the trace itself', () => {
    expect(configurationsBeside('config.json', ['config.json'])).toEqual([]);
  });
});

describe('what was chosen for a trace', () => {
  function memento() {
    const kept = new Map<string, unknown>();
    return {
      get: <T>(key: string) => kept.get(key) as T | undefined,
      update: async (key: string, value: unknown) => void kept.set(key, structuredClone(value)),
    } as ConstructorParameters<typeof AttributionMemory>[0];
  }

  it('is remembered for that trace only, "None" as a choice too', async () => {
    const state = memento();
    const memory = new AttributionMemory(state);
    expect(memory.choice('file:///a')).toEqual({});
    await memory.remember('file:///a', { model: 'file:///config.json', companion: ['file:///b'] });
    await memory.remember('file:///b', { model: null });
    const later = new AttributionMemory(state);
    expect(later.choice('file:///a')).toEqual({
      model: 'file:///config.json',
      companion: ['file:///b'],
    });
    expect(later.choice('file:///b')).toEqual({ model: null });
    expect(later.choice('file:///c')).toEqual({});
  });

  it('is forgotten where nothing was chosen, and after 200 other traces', async () => {
    const memory = new AttributionMemory(memento());
    await memory.remember('first', { model: null });
    await memory.remember('second', { model: null });
    await memory.remember('second', {});
    expect(memory.choice('second')).toEqual({});
    for (let i = 0; i < 200; i++) {
      await memory.remember(`trace ${i}`, { model: null });
    }
    expect(memory.choice('first')).toEqual({});
    expect(memory.choice('trace 0')).toEqual({ model: null });
  });
});
