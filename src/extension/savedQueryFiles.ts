import * as vscode from 'vscode';
import { parseSavedQuery } from '../query/savedQueries.js';
import type { SavedQuery } from '../session/viewProtocol.js';
import { noticeName, noticeText } from './notice.js';
import { fileName } from './traceFiles.js';

/** Where a workspace keeps its own saved queries. */
const WORKSPACE_QUERIES = '**/.layerscope/queries/*.tracesql';
const EXCLUDED = '{**/node_modules/**,**/.git/**}';

/** Saved queries for the query box: those of the open folders, then those that come with the extension. */
export class SavedQueryFiles {
  private builtIn: Promise<readonly SavedQuery[]> | undefined;
  /** faults already shown, so that each is shown once */
  private readonly told = new Set<string>();

  constructor(
    private readonly dist: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  async all(): Promise<readonly SavedQuery[]> {
    this.builtIn ??= this.readBuiltIn();
    this.builtIn.catch(() => (this.builtIn = undefined)); // so that the next time tries again
    const [own, builtIn] = await Promise.all([this.ofWorkspace(), this.builtIn]);
    return [...own, ...builtIn];
  }

  /** The build packs them into one file: a browser host cannot list the extension's folders. */
  private async readBuiltIn(): Promise<readonly SavedQuery[]> {
    const packed = await vscode.workspace.fs.readFile(
      vscode.Uri.joinPath(this.dist, 'queries.json'),
    );
    const files = JSON.parse(new TextDecoder().decode(packed)) as Record<string, string>;
    return Object.entries(files).map(([name, text]) => parseSavedQuery(name, text));
  }

  private async ofWorkspace(): Promise<readonly SavedQuery[]> {
    const files = await vscode.workspace.findFiles(WORKSPACE_QUERIES, EXCLUDED);
    const read = await Promise.all(files.map((file) => this.read(file)));
    return read
      .filter((query) => query !== undefined)
      .sort((a, b) => a.title.localeCompare(b.title, 'en'));
  }

  /** One file's query; a file that holds none is named to the user and left out. */
  private async read(file: vscode.Uri): Promise<SavedQuery | undefined> {
    try {
      const bytes = await vscode.workspace.fs.readFile(file);
      return parseSavedQuery(fileName(file), new TextDecoder().decode(bytes));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn(`saved query ${fileName(file)}: ${reason}`);
      const key = `${file.toString()} ${reason}`;
      if (!this.told.has(key)) {
        this.told.add(key);
        const name = noticeName(vscode.workspace.asRelativePath(file));
        void vscode.window.showWarningMessage(
          `Layerscope: the saved query ${name} is left out. ${noticeText(reason)}`,
        );
      }
      return undefined;
    }
  }
}
