import * as vscode from 'vscode';
import { withOwnRules, type RuleSource } from '../layers/ownRules.js';
import { noticeText } from './notice.js';
import { placeOfMistake } from './rulePlace.js';
import { ownRulesSetting } from './settings.js';
import { fileName } from './traceFiles.js';

const RULE_FILE = ['.layerscope', 'layers.json'] as const;
const SETTING = 'The setting layerscope.rules';
/** Bytes; far more than anyone writes by hand. */
const LARGEST = 4 * 1024 * 1024;
/** An editor that saves writes a file several times; ms until it is read. */
const SETTLED_MS = 300;

/**
 * Rules of one's own: the setting `layerscope.rules`, then `.layerscope/layers.json` of each open
 * folder. What is wrong in them is shown at its place and in a notice, once; the rest holds.
 */
export class OwnRuleFiles implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Something changed in a file of rules or in the setting. */
  readonly onDidChange = this.changed.event;
  private readonly mistakes = vscode.languages.createDiagnosticCollection('layerscope');
  private readonly disposables: vscode.Disposable[];
  private settling: ReturnType<typeof setTimeout> | undefined;
  /** sentences already shown in a notice */
  private readonly told = new Set<string>();

  constructor(private readonly log: vscode.LogOutputChannel) {
    const watcher = vscode.workspace.createFileSystemWatcher(`**/${RULE_FILE.join('/')}`);
    // Of a folder that is deleted or moved with all it holds, only the folder is reported.
    const folders = vscode.workspace.createFileSystemWatcher(`**/${RULE_FILE[0]}`, false, true);
    const changes = () => this.settle();
    this.disposables = [
      this.changed,
      this.mistakes,
      watcher,
      watcher.onDidCreate(changes),
      watcher.onDidChange(changes),
      watcher.onDidDelete(changes),
      folders,
      folders.onDidCreate(changes),
      folders.onDidDelete(changes),
      vscode.workspace.onDidChangeWorkspaceFolders(changes),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('layerscope.rules')) {
          changes();
        }
      }),
    ];
  }

  /** The rules for a trace, read anew; those of the folder that holds it come before other folders'. */
  async sources(trace: vscode.Uri): Promise<readonly RuleSource[]> {
    const own = vscode.workspace.getWorkspaceFolder(trace);
    const folders = [...(vscode.workspace.workspaceFolders ?? [])].sort(
      (a, b) => Number(b === own) - Number(a === own),
    );
    const files = await Promise.all(folders.map((folder) => this.read(folder)));
    const setting = ownRulesSetting(trace);
    const sources = [
      ...(setting === undefined ? [] : [{ origin: SETTING, text: setting }]),
      ...files.filter((source) => source !== undefined),
    ];
    this.check(sources, setting);
    return sources.map(({ origin, text }) => ({ origin, text }));
  }

  dispose(): void {
    clearTimeout(this.settling);
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }

  private settle(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.changed.fire(), SETTLED_MS);
  }

  private async read(folder: vscode.WorkspaceFolder) {
    const uri = vscode.Uri.joinPath(folder.uri, ...RULE_FILE);
    try {
      const { size } = await vscode.workspace.fs.stat(uri);
      if (size > LARGEST) {
        this.log.warn(`${fileName(uri)} of ${folder.name} is too large for rules.`);
        return undefined;
      }
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
      return { origin: vscode.workspace.asRelativePath(uri), text, uri };
    } catch (error) {
      if (!(error instanceof vscode.FileSystemError && error.code === 'FileNotFound')) {
        const reason = error instanceof Error ? error.message : String(error);
        this.log.warn(`${fileName(uri)} of ${folder.name}: ${reason}`);
      }
      this.mistakes.delete(uri);
      return undefined;
    }
  }

  private check(
    sources: readonly { origin: string; text: string; uri?: vscode.Uri }[],
    setting: string | undefined,
  ): void {
    for (const { origin, text, uri } of sources) {
      const sentences = withOwnRules([{ origin, text }]).mistakes;
      if (uri !== undefined) {
        this.mistakes.set(
          uri,
          sentences.map((sentence) => diagnostic(text, sentence)),
        );
      }
      const fresh = sentences.filter((sentence) => !this.told.has(sentence));
      if (fresh.length > 0) {
        fresh.forEach((sentence) => this.told.add(sentence));
        void this.tell(fresh, text === setting ? undefined : uri);
      }
    }
  }

  private async tell(sentences: readonly string[], file: vscode.Uri | undefined): Promise<void> {
    const [first] = sentences;
    const more = sentences.length === 1 ? '' : ` (and ${sentences.length - 1} more)`;
    const open = file === undefined ? 'Open Settings' : 'Open File';
    sentences.forEach((sentence) => this.log.warn(sentence));
    const chosen = await vscode.window.showWarningMessage(
      `Layerscope: part of your rules is left out. ${noticeText(first)}${more}`,
      open,
    );
    if (chosen === undefined) {
      return;
    }
    if (file === undefined) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'layerscope.rules');
    } else {
      await vscode.window.showTextDocument(file);
    }
  }
}

function diagnostic(text: string, sentence: string): vscode.Diagnostic {
  const { start, length } = placeOfMistake(text, sentence);
  const result = new vscode.Diagnostic(
    new vscode.Range(positionAt(text, start), positionAt(text, start + length)),
    sentence,
    vscode.DiagnosticSeverity.Error,
  );
  result.source = 'Layerscope';
  return result;
}

function positionAt(text: string, offset: number): vscode.Position {
  const lines = text.slice(0, offset).split('\n');
  return new vscode.Position(lines.length - 1, lines[lines.length - 1].length);
}
