import { describe, expect, it } from 'vitest';
import { associationPattern } from '../../../src/extension/fileAssociation.js';
import { sendableResult } from '../../../src/extension/messageValues.js';
import { moduleClasses } from '../../../src/extension/moduleClasses.js';
import { noticeName, noticeText } from '../../../src/extension/notice.js';

describe('noticeText', () => {
  it('makes no command link and shows what cannot be seen', () => {
    const hostile = '[click](command:workbench.action.quit) \u202egnp.exe \u001b[31m';
    const shown = noticeText(hostile);
    // The form VS Code makes links of: "](" followed by a scheme.
    expect(shown).not.toContain('](');
    expect(shown).toContain('\\u202e');
    expect(shown).toContain('\\x1b');
  });

  it('shortens a name of any length', () => {
    expect(noticeName('x'.repeat(100_000)).length).toBeLessThanOrEqual(300);
  });
});

describe('associationPattern', () => {
  it.each([
    ['app.db', '*.db'],
    ['a.b.sqlite3', '*.sqlite3'],
    ['x.rank0.pt.trace.json.gz', '*.pt.trace.json.gz'],
    ['x.PT.TRACE.JSON', '*.pt.trace.json'],
    ['data.json.gz', '*.json.gz'],
    ['noSuffix', 'noSuffix'],
    ['.hidden', '.hidden'],
  ])('%s -> %s', (name, pattern) => {
    expect(associationPattern(name)).toBe(pattern);
  });
});

describe('sendableResult', () => {
  it('keeps every value through JSON, the way to the webview', () => {
    const result = sendableResult({
      columns: ['a', 'b', 'c', 'd'],
      rows: [[9007199254740993n, Infinity, 1.5, null]],
      truncated: false,
      elapsedMs: 1,
      ranSql: 'SELECT',
    });
    expect(JSON.parse(JSON.stringify(result.rows))).toEqual([
      ['9007199254740993', 'Infinity', 1.5, null],
    ]);
  });
});

describe('moduleClasses', () => {
  it('sums each class over its instances and submodules, the busiest first', () => {
    const row = (key: string, calls: number, total_ns: number) => ({ key, calls, total_ns });
    expect(
      moduleClasses([
        row('none', 99, 9e9),
        row('Block_0.MoE_0', 10, 500),
        row('Block_1.MoE_1', 5, 300),
        row('Block_0.Block_7', 1, 50),
        row('layers[3].Mixer', 2, 10),
      ]),
    ).toEqual([
      { name: 'Block', calls: 16 },
      { name: 'MoE', calls: 15 },
      { name: 'Mixer', calls: 2 },
    ]);
  });
});
