import { describe, expect, it } from 'vitest';
import { workspaceInput, type WorkspaceFile } from '../../../src/extension/workspaceFileSource.js';

function file(contents: Record<string, Uint8Array>): WorkspaceFile {
  return {
    path: 'vscode-vfs://github/a/b/t.db',
    name: 't.db',
    size: async (suffix) => contents[suffix]?.length,
    read: async (suffix) => contents[suffix],
  };
}

describe('workspaceInput', () => {
  it('brings the bytes and the write-ahead log', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const wal = Uint8Array.of(4);
    expect(await workspaceInput(file({ '': bytes, '-wal': wal }))).toEqual({
      path: 'vscode-vfs://github/a/b/t.db',
      name: 't.db',
      bytes,
      companions: [{ suffix: '-wal', bytes: wal }],
    });
    expect(await workspaceInput(file({ '': bytes }))).not.toHaveProperty('companions');
    expect(await workspaceInput(file({ '': bytes, '-wal': new Uint8Array() }))).not.toHaveProperty(
      'companions',
    );
  });

  it('refuses a file beyond the limit, its log included, before reading it', async () => {
    const large = { ...file({ '': new Uint8Array(6), '-wal': new Uint8Array(5) }) };
    large.read = async () => {
      throw new Error('must not be read');
    };
    await expect(workspaceInput(large, 10)).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('t.db has 11 B') as string,
    });
  });

  it('says that a file is gone, or why it cannot be read', async () => {
    await expect(workspaceInput(file({}))).rejects.toMatchObject({ code: 'not-found' });
    const locked: WorkspaceFile = {
      ...file({ '': new Uint8Array(1) }),
      read: async () => {
        throw new Error('no permission');
      },
    };
    await expect(workspaceInput(locked)).rejects.toMatchObject({
      code: 'unreadable',
      message: 't.db cannot be read: no permission',
    });
  });
});
