import * as vscode from 'vscode';
import type { SourceHint, TraceSession } from '../session/session.js';
import type { GoToCodeCause, SavedQuery, ToHost, ToView } from '../session/viewProtocol.js';
import type { AttributionMemory } from './attributionMemory.js';
import { chooseRanks, loadRanks } from './chooseRanks.js';
import type { RunMemory } from './runMemory.js';
import type { OwnRuleFiles } from './ownRuleFiles.js';
import { associationPattern } from './fileAssociation.js';
import { noticeName } from './notice.js';
import type { OpenState } from './openTrace.js';
import { sendableResult } from './messageValues.js';
import type { GoToManner } from './goToSource.js';
import { makeRule } from './ruleFile.js';
import { opensCode, stallFactor } from './settings.js';
import type { TraceDocument } from './traceDocument.js';
import { tracePath } from './traceFiles.js';
import { ViewRequestDesk } from './viewRequests.js';

/** What a trace editor needs of the rest of the extension. */
export interface EditorServices {
  readonly log: vscode.LogOutputChannel;
  readonly attributionMemory: AttributionMemory;
  readonly runMemory: RunMemory;
  readonly ownRules: OwnRuleFiles;
  /** Opens the code behind hints beside the trace; see `goToSource`. */
  goToCode(hints: readonly SourceHint[], manner: GoToManner, signal: AbortSignal): Promise<string>;
  /** Lets the user choose a layer; undefined where they chose none. */
  chooseLayer(
    session: TraceSession,
    signal: AbortSignal,
  ): Promise<readonly SourceHint[] | undefined>;
  savedQueries(): Promise<readonly SavedQuery[]>;
}

/** Milliseconds between two messages about the progress of one stage. */
const PROGRESS_INTERVAL = 100;

type ShowMessage = Extract<ToView, { type: 'show' | 'goToSelected' }>;

/** One editor tab that shows a trace: the host's end of its webview. */
export class TraceEditor {
  private readonly desk: ViewRequestDesk;
  private readonly subscriptions: vscode.Disposable[] = [];
  /** the page has loaded and not been thrown away since */
  private pageReady = false;
  /** what to show once the trace is open */
  private waiting: ShowMessage[] = [];
  private lastProgress = { stage: '', at: 0 };

  constructor(
    readonly document: TraceDocument,
    readonly panel: vscode.WebviewPanel,
    private readonly services: EditorServices,
  ) {
    this.desk = new ViewRequestDesk(
      this.handlers(),
      (message) => this.post(message),
      (name, error) =>
        services.log.warn(
          `${document.name}: ${name} failed: ${error instanceof Error ? error.name : 'error'}`,
        ),
    );
    const stopListening = document.trace.onChange((state) => this.tell(state));
    this.subscriptions.push(
      { dispose: stopListening },
      panel.webview.onDidReceiveMessage((message: ToHost) => this.receive(message)),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) {
          // VS Code throws the page of a hidden tab away; it says 'ready' when it is loaded again.
          this.pageReady = false;
          this.desk.dropAll();
        }
      }),
      panel.onDidDispose(() => this.dispose()),
    );
  }

  /** Brings the tab to the front and shows a view, as soon as the trace is open. */
  show(message: ShowMessage): void {
    this.waiting.push(message);
    this.reveal();
    this.showWaiting();
  }

  /** Without a column VS Code would open a second copy in the active group. */
  private reveal(): void {
    this.panel.reveal(this.panel.viewColumn);
  }

  private dispose(): void {
    this.desk.dropAll();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private receive(message: ToHost): void {
    switch (message.type) {
      case 'request':
        void this.desk.receive(message);
        return;
      case 'cancel':
        this.desk.cancel(message.id);
        return;
      case 'ready':
        this.pageReady = true;
        this.desk.dropAll();
        this.lastProgress = { stage: '', at: 0 };
        this.tell(this.document.trace.state);
        this.document.ensureOpening();
        return;
      case 'cancelOpen':
        this.document.trace.cancelOpening();
        return;
      case 'retry':
        this.document.retry();
        return;
      case 'openAnyway':
        this.document.openAnyway();
        return;
      case 'loadRanks':
        void loadRanks(
          this.document,
          message.which === 'all'
            ? { kind: 'all' }
            : { kind: 'few', first: tracePath(this.document.uri) },
        );
        return;
      case 'chooseRanks':
        void chooseRanks(this.document);
        return;
      case 'openWith':
        this.reveal();
        void vscode.commands.executeCommand('workbench.action.reopenWithEditor');
        return;
      case 'neverHere':
        void this.neverHere();
        return;
      default:
        this.services.log.error(`unknown message '${String((message as { type: unknown }).type)}'`);
    }
  }

  private tell(state: OpenState): void {
    switch (state.kind) {
      case 'closed':
        return;
      case 'opening': {
        const { stage } = state.progress;
        const now = Date.now();
        if (stage === this.lastProgress.stage && now - this.lastProgress.at < PROGRESS_INTERVAL) {
          return;
        }
        this.lastProgress = { stage, at: now };
        this.post({ type: 'opening', name: this.document.name, progress: state.progress });
        return;
      }
      case 'opened':
        this.post({ type: 'opened', summary: state.summary });
        this.showWaiting();
        return;
      case 'failed': {
        const { sentence, looksLike, tables, unpacksLarge } = state;
        this.waiting = []; // the page says why there is nothing to show
        this.post({ type: 'failed', sentence, looksLike, tables, unpacksLarge });
        return;
      }
    }
  }

  private showWaiting(): void {
    if (this.pageReady && this.document.trace.state.kind === 'opened') {
      for (const message of this.waiting.splice(0)) {
        this.post(message);
      }
    }
  }

  private post(message: ToView): void {
    if (this.pageReady) {
      void this.panel.webview.postMessage(message);
    }
  }

  private handlers(): ConstructorParameters<typeof ViewRequestDesk>[0] {
    const { document, services } = this;
    const session = () => document.trace.ready();
    const goToCode = (
      hints: readonly SourceHint[],
      cause: GoToCodeCause,
      signal: AbortSignal,
    ): Promise<string> => {
      const manner = {
        traceColumn: this.panel.viewColumn,
        keepFocus: cause !== 'asked',
        quiet: cause === 'slice',
      };
      return services.goToCode(hints, manner, signal);
    };
    return {
      decompose: async (params, signal) => (await session()).decompose(params, { signal }),
      stalls: async (params, signal) => {
        const factor = params.factor ?? stallFactor(document.uri);
        return (await session()).stalls(factor === undefined ? params : { ...params, factor }, {
          signal,
        });
      },
      tiles: async (params, signal) => (await session()).tiles(params, { signal }),
      call: async (params, signal) => (await session()).call(params, { signal }),
      explain: async (params, signal) => (await session()).explain(params, { signal }),
      unclassified: async (params, signal) => (await session()).unclassified(params, { signal }),
      makeRule: async ({ kernel }) => makeRule(kernel, document.uri, this.panel.viewColumn),
      query: async (params, signal) =>
        sendableResult(await (await session()).query(params, { signal })),
      goToCode: async ({ call, cause }, signal) => {
        if (!opensCode(document.uri, cause)) {
          return '';
        }
        const open = await session();
        if (call < 0) {
          const chosen = await services.chooseLayer(open, signal);
          return chosen === undefined ? '' : goToCode(chosen, cause, signal);
        }
        const hints = await open.sourceHints({ call }, { signal });
        // A class has to be looked for in all files of the workspace: too much for every click.
        const wanted = cause === 'slice' ? hints.filter(({ kind }) => kind === 'frame') : hints;
        return wanted.length === 0 && cause === 'slice' ? '' : goToCode(wanted, cause, signal);
      },
      goToFrame: async ({ file, line, symbol }, signal) =>
        goToCode([{ kind: 'frame', file, line, symbol }], 'asked', signal),
      save: async ({ suggestedName, text }) => this.save(suggestedName, text),
      copy: async ({ text }) => vscode.env.clipboard.writeText(text),
      savedQueries: async () => services.savedQueries(),
    };
  }

  /** Saves text where the user says; the path, or '' where the user chose none. */
  private async save(suggestedName: string, text: string): Promise<string> {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const target = await vscode.window.showSaveDialog(
      folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, suggestedName) },
    );
    if (target === undefined) {
      return '';
    }
    if (this.document.trace.files.includes(tracePath(target))) {
      throw new Error('That is the trace itself. A trace is evidence and never written to.');
    }
    await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
    return tracePath(target);
  }

  /** Hands files named like this one back to other editors, for good, after asking. */
  private async neverHere(): Promise<void> {
    const pattern = associationPattern(this.document.name);
    const everywhere = 'Everywhere';
    const inWorkspace = 'In This Workspace';
    const choices =
      vscode.workspace.workspaceFolders === undefined ? [everywhere] : [everywhere, inWorkspace];
    const answer = await vscode.window.showInformationMessage(
      `Never open ${noticeName(pattern)} files in Layerscope by themselves?`,
      {
        modal: true,
        detail:
          'This adds one entry to the setting workbench.editorAssociations. "Open as GPU Trace" still opens them.',
      },
      ...choices,
    );
    if (answer === undefined) {
      return;
    }
    const target =
      answer === inWorkspace
        ? vscode.ConfigurationTarget.Workspace
        : vscode.ConfigurationTarget.Global;
    const workbench = vscode.workspace.getConfiguration('workbench');
    const set = workbench.inspect<Record<string, string>>('editorAssociations');
    const before = answer === inWorkspace ? set?.workspaceValue : set?.globalValue;
    await workbench.update('editorAssociations', { ...before, [pattern]: 'default' }, target);
    const { uri } = this.document;
    const viewColumn = this.panel.viewColumn ?? vscode.ViewColumn.Active;
    this.panel.dispose(); // else the file stays open twice
    await vscode.commands.executeCommand('vscode.openWith', uri, 'default', viewColumn);
  }
}
