import { describe, expect, it } from 'vitest';
import {
  baseNameGlob,
  describeHint,
  isLocalAbsolutePath,
  locateSource,
  notFoundSentence,
  type SourceWorkspace,
} from '../../../src/extension/locateSource.js';
import type { SourceHint } from '../../../src/session/session.js';
import { matchPaths } from '../../../src/source/pathMatch.js';

const frame = (file: string, line: number, symbol = 'forward'): SourceHint => ({
  kind: 'frame',
  file,
  line,
  symbol,
});
const classHint = (symbol: string): SourceHint => ({ kind: 'class', file: '', line: 0, symbol });

/** A workspace of files and the definitions in them: name -> line. */
function workspace(files: Record<string, Record<string, number>>): SourceWorkspace {
  const paths = Object.keys(files);
  return {
    filesNamed: async (baseName) => paths.filter((path) => path.endsWith(`/${baseName}`)),
    filesDefining: async (hint) => paths.filter((path) => hint.symbol in files[path]),
    definitions: async (file, hint) =>
      hint.symbol in files[file] ? [files[file][hint.symbol]] : [],
  };
}

const locate = (hints: SourceHint[], files: Record<string, Record<string, number>>) =>
  locateSource(hints, workspace(files), matchPaths, new AbortController().signal);

describe('locateSource', () => {
  it('finds a file recorded on another machine by the longest common end of its path', async () => {
    const located = await locate([frame('/opt/venv/lib/vllm/model_executor/models/jamba.py', 88)], {
      '/ws/vllm/model_executor/models/jamba.py': {},
      '/ws/tests/models/jamba.py': {},
    });
    expect(located).toMatchObject({
      places: [{ file: '/ws/vllm/model_executor/models/jamba.py', line: 88 }],
      byNameOnly: false,
      missed: [],
    });
  });

  it('returns all files that fit equally well', async () => {
    const located = await locate([frame('/x/model/mamba.py', 5)], {
      '/ws/a/model/mamba.py': {},
      '/ws/b/model/mamba.py': {},
    });
    expect(located?.places.map((place) => place.file).sort()).toEqual([
      '/ws/a/model/mamba.py',
      '/ws/b/model/mamba.py',
    ]);
  });

  it('says where nothing but the name of the file fits', async () => {
    const located = await locate([frame('/usr/lib/torch/nn/linear.py', 5)], {
      '/ws/experiments/linear.py': {},
    });
    expect(located?.byNameOnly).toBe(true);
  });

  it('goes on to the next hint and remembers what it could not find', async () => {
    const missing = frame('/site-packages/transformers/modeling_jamba.py', 700);
    const located = await locate([missing, classHint('JambaMoE'), classHint('Other')], {
      '/ws/own.py': { JambaMoE: 12, Other: 40 },
    });
    expect(located).toMatchObject({
      hint: classHint('JambaMoE'),
      places: [{ file: '/ws/own.py', line: 12 }],
      missed: [missing],
    });
  });

  it('finds the definition of a frame whose line is unknown', async () => {
    const located = await locate([frame('/x/own.py', 0, 'dispatch')], {
      '/ws/own.py': { dispatch: 31 },
    });
    expect(located?.places).toEqual([{ file: '/ws/own.py', line: 31 }]);
  });

  it('finds nothing where no folder has any of it', async () => {
    expect(await locate([frame('/x/a.py', 1), classHint('B')], { '/ws/c.py': {} })).toBeUndefined();
  });

  it('stops when it is cancelled', async () => {
    await expect(
      locateSource([classHint('B')], workspace({}), matchPaths, AbortSignal.abort()),
    ).rejects.toThrow();
  });
});

describe('baseNameGlob', () => {
  it('lets no name from a trace widen the search', () => {
    expect(baseNameGlob('model.py')).toBe('**/model.py');
    expect(baseNameGlob('{a,b}*[c].py')).toBe('**/?a?b???c?.py');
  });
});

describe('isLocalAbsolutePath', () => {
  it.each(['/home/a/model.py', 'C:\\models\\a.py', 'c:/models/a.py'])('takes %s', (path) => {
    expect(isLocalAbsolutePath(path)).toBe(true);
  });
  it.each([
    'model.py',
    '',
    '\\\\server\\share\\a.py',
    '//server/share/a.py',
    '/a/../etc/passwd',
    'https://x/a.py',
  ])('refuses %s', (path) => {
    expect(isLocalAbsolutePath(path)).toBe(false);
  });
});

describe('sentences', () => {
  it('name the file, the line and the function sought', () => {
    expect(describeHint(frame('/x/modeling.py', 812))).toBe('/x/modeling.py, line 812 (forward)');
    expect(describeHint(classHint('MambaMixer'))).toBe('the definition of class MambaMixer');
    expect(notFoundSentence([frame('/x/modeling.py', 812)], 1)).toBe(
      'No open folder has /x/modeling.py, line 812 (forward). ' +
        'Add the folder that holds it with File > Add Folder to Workspace.',
    );
    expect(notFoundSentence([frame('/x/m.py', 1), classHint('A')], 0)).toBe(
      'No folder is open to look for /x/m.py, line 1 (forward) in (and 1 more of its callers and modules). ' +
        'Open the folder that holds the model code.',
    );
    expect(notFoundSentence([{ ...classHint('moe_dispatch'), kind: 'kernel' }], 1)).toBe(
      'No open folder has the definition of kernel moe_dispatch. Only Python files are searched, ' +
        'which is where Triton kernels are; the trace has no stack or module that would lead further.',
    );
    expect(notFoundSentence([], 1)).toContain('does not say which code');
  });
});
