import { describe, expect, it } from 'vitest';
import { VIEWS, viewNamed } from '../../../src/query/catalogue.js';
import { complete } from '../../../src/server/complete.js';
import { diagnose } from '../../../src/server/diagnose.js';
import { hover } from '../../../src/server/hover.js';

/** The text without its `|`, and where that stood. */
function cursor(text: string): [text: string, offset: number] {
  const offset = text.indexOf('|');
  return [text.slice(0, offset) + text.slice(offset + 1), offset];
}
const items = (text: string) => complete(...cursor(text));
const labels = (text: string) => items(text).map((item) => item.label);
const columnsOf = (view: string) => viewNamed(view)?.columns.map((c) => c.name) ?? [];

describe('complete', () => {
  it.each([
    'SELECT * FROM |',
    'SELECT 1 FROM ker|',
    'SELECT 1 FROM kernels k JOIN |',
    'SELECT 1 FROM ranks, |',
  ])('offers the views in %j, and nothing else', (text) => {
    expect(labels(text)).toEqual(VIEWS.map((view) => view.name));
  });

  it('offers the columns of the view a name stands for', () => {
    for (const text of [
      'SELECT k.| FROM kernels k',
      'SELECT k.dur| FROM kernels AS k JOIN ranks r ON r.id = k.rank_id',
      'SELECT kernels.| FROM kernels',
      'SELECT 1 FROM ranks, kernels k WHERE k.|',
    ]) {
      expect(labels(text), text).toEqual(columnsOf('kernels'));
    }
    expect(labels('SELECT x.| FROM kernels k')).toEqual([]);
  });

  it('offers the columns of the views in use, each once, and the percentiles', () => {
    const offered = items('SELECT | FROM ranks JOIN steps');
    const names = offered.filter((item) => item.kind === 'column').map((item) => item.label);
    expect(names).toEqual([...new Set([...columnsOf('ranks'), ...columnsOf('steps')])]);
    expect(offered.find((item) => item.label === 'percentile_cont')?.insert).toContain(
      'WITHIN GROUP',
    );
    expect(offered.find((item) => item.label === 'duration_us')?.detail).toBe('REAL, µs');
  });

  it('offers columns after a comma of the list to select', () => {
    expect(labels('SELECT name, | FROM kernels')).toContain('layer_type');
    expect(labels('SELECT name FROM kernels ORDER BY name, |')).toContain('layer_type');
  });

  it.each([
    "SELECT 'a |",
    "SELECT 'a | FROM kernels'",
    '-- title: |',
    'SELECT /* | */ 1',
    'SELECT "a|" FROM kernels',
  ])('is silent inside %j', (text) => {
    expect(labels(text)).toEqual([]);
  });

  it('speaks again after a comment', () => {
    expect(labels('-- title: x\nSELECT 1 /* y */ FROM |')).toContain('kernels');
  });
});

describe('hover', () => {
  const at = (text: string) => hover(...cursor(text));

  it('explains views, columns and functions', () => {
    expect(at('SELECT 1 FROM ker|nels')?.markdown).toContain('GPU kernels');
    expect(at('SELECT queue_|us FROM kernels')?.markdown).toContain(
      '**kernels.queue_us** (REAL, µs)',
    );
    expect(at('SELECT s.pha|se FROM kernels k, steps s')?.markdown).toContain('**steps.phase**');
    expect(at('SELECT percentile_|cont(0.5) WITHIN GROUP (ORDER BY x)')?.markdown).toContain(
      'linear interpolation',
    );
  });

  it('says which word it is about', () => {
    const [text, offset] = cursor('SELECT layer_|type FROM calls');
    const found = hover(text, offset);
    expect(text.slice(found?.start, found?.end)).toBe('layer_type');
  });

  it.each([
    'SEL|ECT 1',
    "SELECT 'kern|els'",
    '-- ker|nels\nSELECT 1',
    'SELECT nothing_| FROM kernels',
    '|',
  ])('says nothing of %j', (text) => {
    expect(at(text)).toBeUndefined();
  });
});

describe('diagnose', () => {
  it('marks what would be refused', () => {
    const text = 'SELECT 1;\nDROP TABLE events';
    const [problem] = diagnose(text);
    expect(problem.message).toContain('One statement');
    expect(text.slice(problem.start, problem.end)).toBe('DROP TABLE events');
    expect(diagnose("SELECT 'a")[0]).toMatchObject({ start: 7, end: 8 });
  });

  it('has nothing against good statements and empty documents', () => {
    for (const text of [
      '',
      ' \n',
      '-- title: x\nSELECT 1',
      'WITH a AS (SELECT 1) SELECT * FROM a;',
    ]) {
      expect(diagnose(text), text).toEqual([]);
    }
  });

  it('misses the statement below a header', () => {
    expect(diagnose('-- title: x\n')[0].message).toContain('no statement');
  });
});
