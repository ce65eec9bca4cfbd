import * as vscode from 'vscode';
import { parseConfigurationText } from '../layers/model/configurationText.js';
import { readModelPlan } from '../layers/model/readModelPlan.js';
import { configurationsBeside } from './configurationsBeside.js';
import { fileName, filesBeside } from './traceFiles.js';

/** A file that holds a model's configuration, or a pattern of one's own. */
export interface ModelFile {
  readonly uri: vscode.Uri;
  readonly text: string;
  readonly family: string;
  readonly layers: number;
}

/** Where configurations lie in a workspace. */
const MODEL_FILES = '{**/config.json,**/*.config.json,**/.layerscope/model.json}';
const EXCLUDED = '{**/node_modules/**,**/.git/**}';
const MOST_FILES = 200;
/** Bytes; the largest configurations seen have some tens of thousands. */
const LARGEST = 4 * 1024 * 1024;

/**
 * The text of a configuration's file.
 * @throws Error with a sentence where it is missing, too large or cannot be read
 */
export async function readModelText(uri: vscode.Uri): Promise<string> {
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > LARGEST) {
    throw new Error(`${fileName(uri)} is too large for a model configuration.`);
  }
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

/** @throws Error with a sentence where the file holds no model's configuration */
export async function readModelFile(uri: vscode.Uri): Promise<ModelFile> {
  const text = await readModelText(uri);
  const { family, layers } = readModelPlan(parseConfigurationText(text));
  return { uri, text, family, layers: layers.length };
}

/** The one configuration beside a trace; undefined where there is none or more than one. */
export async function modelBeside(trace: vscode.Uri): Promise<ModelFile | undefined> {
  const found = await modelsOf(ownConfigurations(trace, await filesBeside(trace)));
  return found.length === 1 ? found[0] : undefined;
}

/** Configurations to offer for a trace: its own, others of its folder, those of the open folders. */
export async function modelFiles(trace: vscode.Uri): Promise<readonly ModelFile[]> {
  const [inFolder, inWorkspace] = await Promise.all([
    filesBeside(trace),
    vscode.workspace.findFiles(MODEL_FILES, EXCLUDED, MOST_FILES),
  ]);
  const own = ownConfigurations(trace, inFolder);
  const near = inFolder.filter((uri) => /(^|\.)config\.json$/i.test(fileName(uri)));
  inWorkspace.sort((a, b) => a.path.localeCompare(b.path, 'en'));
  const distinct = new Map([...own, ...near, ...inWorkspace].map((uri) => [uri.toString(), uri]));
  return modelsOf([...distinct.values()]);
}

function ownConfigurations(
  trace: vscode.Uri,
  siblings: readonly vscode.Uri[],
): readonly vscode.Uri[] {
  const names = configurationsBeside(fileName(trace), siblings.map(fileName));
  return siblings.filter((uri) => names.includes(fileName(uri)));
}

/** Many files are called config.json: those that hold no model are none of the candidates. */
async function modelsOf(uris: readonly vscode.Uri[]): Promise<ModelFile[]> {
  const read = await Promise.allSettled(uris.map(readModelFile));
  return read.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
