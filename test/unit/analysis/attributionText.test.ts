import { describe, expect, it } from 'vitest';
import { attributionNotes, attributionParts } from '../../../src/analysis/attributionText.js';
import type { AttributionBasis, Population } from '../../../src/analysis/results.js';

const population = (by_method: Population['by_method']): Population => ({
  rows: 1,
  counted: 1,
  rows_in_file: 1,
  ranks: { loaded: 1, available: 1 },
  skipped: [],
  time_kind: 'gpu',
  gpu_time_ns: 1,
  classified_share: 1,
  by_method,
  evidence: [],
});
const nothing: AttributionBasis = { model: null, companion: [], rules: [], problems: [] };
const model = { family: 'nemotron_h', layers: 52, path: '/w/config.json', found: false, notes: [] };

describe('what attribution went by, in words', () => {
  it('is nothing where nothing was given', () => {
    expect(attributionParts(nothing, population({ name: 1 }))).toEqual([]);
    expect(attributionNotes(nothing)).toEqual([]);
  });

  it('names the configuration and the companion where they labelled calls', () => {
    const basis = { ...nothing, model, companion: ['a.json', 'b.json'] };
    expect(attributionParts(basis, population({ structure: 0.9, companion: 0.1 }))).toEqual([
      'structure matched with nemotron_h configuration (52 layers)',
      'aligned with companion a.json, b.json',
    ]);
  });

  it('says where they labelled nothing, and which nobody chose', () => {
    const basis = {
      ...nothing,
      model: { ...model, found: true, layers: 1 },
      companion: ['a.json'],
    };
    expect(attributionParts(basis, population({ module: 1 }))).toEqual([
      'nemotron_h configuration (1 layer, found beside the trace): no call here labelled by it',
      'companion a.json: no call here labelled by it',
    ]);
  });

  it('tells what was of no use and why, and what was assumed', () => {
    const basis: AttributionBasis = {
      model: { ...model, notes: ['It leaves out x.'] },
      companion: [],
      rules: [],
      problems: [{ input: 'companion', sentence: 'a\u001b.json is empty.' }],
    };
    expect(attributionParts(basis, population({ structure: 1 }))).toEqual([
      'structure matched with nemotron_h configuration (52 layers)',
      'companion trace not used',
    ]);
    expect(attributionNotes(basis)).toEqual([
      'The companion trace cannot be used. a\\x1b.json is empty.',
      'Model configuration nemotron_h: It leaves out x.',
    ]);
  });

  it('names where own rules are from, and each of their mistakes', () => {
    const basis: AttributionBasis = {
      ...nothing,
      rules: ['.layerscope/layers.json'],
      problems: [{ input: 'rules', sentence: "S: names[0] (x): 'type' must be one." }],
    };
    expect(attributionParts(basis, population({ name: 1 }))).toEqual([
      'own rules of .layerscope/layers.json',
      '1 mistake in own rules',
    ]);
    expect(attributionNotes(basis)).toEqual(["Own rules: S: names[0] (x): 'type' must be one."]);
  });
});
