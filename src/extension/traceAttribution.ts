import * as vscode from 'vscode';
import type { AttributionInputs } from '../session/session.js';
import type { AttributionChoice, AttributionMemory } from './attributionMemory.js';
import { modelBeside, readModelText } from './modelFiles.js';
import { noticeName, noticeText } from './notice.js';
import type { OwnRuleFiles } from './ownRuleFiles.js';
import { fileName, tracePath } from './traceFiles.js';

/** What the layers of one trace are told by, besides the trace: what was chosen, else what lies beside it. */
export class TraceAttribution {
  /** files of the companion, which the session asks for by path */
  private companionFiles = new Map<string, vscode.Uri>();

  constructor(
    private readonly trace: vscode.Uri,
    private readonly memory: AttributionMemory,
    private readonly rules: OwnRuleFiles,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get choice(): AttributionChoice {
    return this.memory.choice(this.trace.toString());
  }

  async remember(choice: AttributionChoice): Promise<void> {
    await this.memory.remember(this.trace.toString(), choice);
  }

  /** A file of the companion trace by its path. */
  file(path: string): vscode.Uri | undefined {
    return this.companionFiles.get(path);
  }

  /** Files that were chosen to tell layers by. */
  get inputFiles(): readonly vscode.Uri[] {
    const { model, companion } = this.choice;
    return [...(typeof model === 'string' ? [model] : []), ...(companion ?? [])].map((address) =>
      vscode.Uri.parse(address),
    );
  }

  /** The inputs for the session, read anew. Never fails: what cannot be read is told to the user. */
  async inputs(): Promise<AttributionInputs> {
    const [model, rules] = await Promise.all([this.model(), this.rules.sources(this.trace)]);
    return {
      ...model,
      ...this.companion(),
      ...(rules.length === 0 ? {} : { rules, rulesFound: true }),
    };
  }

  private async model(): Promise<AttributionInputs> {
    const { model } = this.choice;
    if (model === null) {
      return {};
    }
    if (model === undefined) {
      return this.modelFound();
    }
    const uri = vscode.Uri.parse(model);
    try {
      return { model: await readModelText(uri), modelPath: tracePath(uri) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn(`${fileName(this.trace)}: the chosen model configuration: ${reason}`);
      void vscode.window.showWarningMessage(
        `Layerscope: ${noticeName(fileName(uri))}, the model configuration chosen for ` +
          `${noticeName(fileName(this.trace))}, is not used. ${noticeText(reason)}`,
      );
      return {};
    }
  }

  private async modelFound(): Promise<AttributionInputs> {
    try {
      const found = await modelBeside(this.trace);
      return found === undefined
        ? {}
        : { model: found.text, modelPath: tracePath(found.uri), modelFound: true };
    } catch (error) {
      // A folder that cannot be listed costs what might have been found, not the trace.
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn(`${fileName(this.trace)}: cannot look for a model configuration: ${reason}`);
      return {};
    }
  }

  private companion(): AttributionInputs {
    const uris = (this.choice.companion ?? []).map((address) => vscode.Uri.parse(address));
    this.companionFiles = new Map(uris.map((uri) => [tracePath(uri), uri]));
    return uris.length === 0 ? {} : { companion: [...this.companionFiles.keys()] };
  }
}
