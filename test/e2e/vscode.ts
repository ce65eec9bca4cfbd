import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installVsCode } from '../../scripts/setup/vscode.mjs';
import { startBrowser } from '../../scripts/vscode/browser.mjs';
import { startVsCode } from '../../scripts/vscode/server.mjs';
import { Workbench } from './workbench.js';

const WINDOW = { width: 1400, height: 900 };

/** A real VS Code with the packaged extension, a browser in front of it, and a workspace to open. */
export interface VsCode {
  /** absolute path of a fresh copy of `test/e2e/workspace` */
  readonly workspace: string;
  /** A window on the workspace, its explorer ready. */
  window(): Promise<Workbench>;
  stop(): Promise<void>;
}

/**
 * Starts all of it.
 * @param settings user settings beyond the quiet ones
 */
export async function openVsCode(settings: Record<string, unknown> = {}): Promise<VsCode> {
  const folder = mkdtempSync(join(tmpdir(), 'layerscope-e2e-'));
  const workspace = join(folder, 'workspace');
  cpSync(resolve('test/e2e/workspace'), workspace, { recursive: true });
  const server = await startVsCode({
    install: await installVsCode(),
    extensions: [packagedExtension()],
    settings,
  });
  const browser = await startBrowser();
  return {
    workspace,
    window: async () => {
      const context = await browser.newContext({ viewport: WINDOW });
      context.setDefaultTimeout(60_000);
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      const page = await context.newPage();
      await page.goto(server.url(workspace));
      const workbench = new Workbench(page);
      await workbench.ready();
      return workbench;
    },
    stop: async () => {
      await browser.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function packagedExtension(): string {
  const { name, version } = JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const vsix = resolve(`${name}-${version}.vsix`);
  if (!existsSync(vsix)) {
    throw new Error(`${vsix} is missing: run \`npm run package\` first.`);
  }
  return vsix;
}

/** What a folder holds, down to the bytes and times of every file: equal before and after, or it was written to. */
export function fingerprint(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const { mtimeMs, size, mode } = statSync(path);
      const isFile = statSync(path).isFile();
      const hash = isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
      return `${path} ${mode} ${mtimeMs} ${isFile ? size : ''} ${hash}`;
    });
}
