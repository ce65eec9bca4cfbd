import { describe, expect, it } from 'vitest';
import { matchPaths } from '../../../src/source/pathMatch.js';

describe('matchPaths', () => {
  it('prefers the longest common end', () => {
    expect(
      matchPaths('/opt/venv/lib/vllm/model_executor/models/jamba.py', [
        '/w/tests/models/jamba.py',
        '/w/vllm/model_executor/models/jamba.py',
        '/w/jamba.py',
      ]),
    ).toEqual(['/w/vllm/model_executor/models/jamba.py']);
  });

  it('returns all that fit equally well, the shortest first', () => {
    expect(matchPaths('a/b/x.py', ['/one/two/x.py', '/x.py', '/b.py'])).toEqual([
      '/x.py',
      '/one/two/x.py',
    ]);
  });

  it('understands the separators of Windows', () => {
    expect(matchPaths('C:\\src\\model\\ep.py', ['/w/model/ep.py', '/w/ep.py'])).toEqual([
      '/w/model/ep.py',
    ]);
    expect(matchPaths('model/ep.py', ['D:\\w\\model\\ep.py'])).toEqual(['D:\\w\\model\\ep.py']);
  });

  it('matches whole segments, as they are written', () => {
    expect(
      matchPaths('model/ep.py', ['/w/model/deep.py', '/w/model/EP.py', '/w/ep.py.bak']),
    ).toEqual([]);
  });

  it('gives a candidate once', () => {
    expect(matchPaths('x.py', ['/w/x.py', '/w/x.py'])).toEqual(['/w/x.py']);
  });

  it.each(['', '/', '..', '../..', '/..', 'x/..'])('finds nothing for %j', (sought) => {
    expect(matchPaths(sought, ['/w/x.py', '/w/..', '/'])).toEqual([]);
  });

  it('never gives a path that is no candidate', () => {
    expect(matchPaths('/etc/passwd', ['/w/x.py'])).toEqual([]);
    expect(matchPaths('../../etc/passwd', ['/w/passwd'])).toEqual(['/w/passwd']);
  });
});
