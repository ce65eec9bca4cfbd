import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { viewTypeOf } from '../../../src/extension/viewTypes.js';

interface Contributions {
  readonly customEditors: readonly {
    viewType: string;
    priority: string;
    selector: readonly { filenamePattern: string }[];
  }[];
  readonly commands: readonly { command: string; title: string; category: string }[];
  readonly menus: Readonly<Record<string, readonly { command: string }[]>>;
  readonly configuration: { properties: Readonly<Record<string, unknown>> };
  readonly languages: readonly { id: string; configuration: string }[];
  readonly jsonValidation: readonly { fileMatch: string; url: string }[];
  readonly grammars: readonly { language: string; path: string; scopeName: string }[];
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  contributes: Contributions;
  activationEvents?: unknown;
};
const { contributes } = manifest;
const source = (name: string) => readFileSync(`src/extension/${name}.ts`, 'utf8');
const patterns = (viewType: string) =>
  contributes.customEditors
    .find((editor) => editor.viewType === viewType)
    ?.selector.map((selector) => selector.filenamePattern);

describe('what package.json promises', () => {
  it('opens traces by themselves by their own suffixes only', () => {
    expect(patterns('layerscope.trace')).toEqual([
      '*.db',
      '*.rpd',
      '*.rpd.gz',
      '*.pt.trace.json',
      '*.pt.trace.json.gz',
    ]);
    expect(patterns('layerscope.traceOption')).toEqual([
      '*.sqlite',
      '*.sqlite3',
      '*.db3',
      '*.json',
      '*.json.gz',
      '*.tar',
      '*.tar.gz',
      '*.tgz',
    ]);
    expect(contributes.customEditors.map((editor) => editor.priority)).toEqual([
      'default',
      'option',
    ]);
    for (const { viewType } of contributes.customEditors) {
      expect(source('traceEditorProvider')).toContain(`'${viewType}'`);
    }
  });

  it('opens each file on command in the editor that is declared for its name', () => {
    const editors = contributes.customEditors;
    for (const { viewType, selector } of editors) {
      for (const { filenamePattern } of selector) {
        // A longer suffix of the first editor goes before a shorter one of the second.
        const name = filenamePattern.replace('*', 'Run 1').toUpperCase();
        expect(viewTypeOf(name, editors), name).toBe(viewType);
      }
    }
    expect(viewTypeOf('trace', editors)).toBe('layerscope.trace');
    expect(viewTypeOf('notes.dbx', editors)).toBe('layerscope.trace');
  });

  it('has the twelve commands by their titles, and code for each', () => {
    expect(contributes.commands.map((c) => `${c.category}: ${c.title}`)).toEqual([
      'Layerscope: Decompose by Layer Type',
      'Layerscope: Decompose by Layer',
      'Layerscope: Decompose by Kernel',
      'Layerscope: Show Stalls',
      'Layerscope: Show Unclassified',
      'Layerscope: Open as GPU Trace',
      'Layerscope: Go to Layer Code',
      'Layerscope: Ranks…',
      'Layerscope: Use Model Configuration…',
      'Layerscope: Use Companion Trace…',
      'Layerscope: Export Trace…',
      'Layerscope: Save as Layerscope Database…',
    ]);
    for (const { command } of contributes.commands) {
      expect(source('commands')).toContain(`'${command}'`);
    }
    const known = new Set(contributes.commands.map((c) => c.command));
    const used = Object.values(contributes.menus).flatMap((menu) => menu.map((m) => m.command));
    expect(used.filter((command) => !known.has(command))).toEqual([]);
  });

  it('has no setting that is never read, and docs for each', () => {
    const docs = readFileSync('docs/settings.md', 'utf8');
    for (const setting of Object.keys(contributes.configuration.properties)) {
      expect(source('settings')).toContain(`'${setting.replace('layerscope.', '')}'`);
      expect(docs).toContain(`\`${setting}\``);
    }
  });

  it('names files that exist', () => {
    const files = [
      ...contributes.languages.map((language) => language.configuration),
      ...contributes.grammars.map((grammar) => grammar.path),
      ...contributes.jsonValidation.map((validation) => validation.url),
    ];
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
    for (const { path, scopeName } of contributes.grammars) {
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ scopeName });
    }
  });

  it('does nothing when VS Code starts', () => {
    expect(manifest.activationEvents ?? []).toEqual([]);
  });
});
