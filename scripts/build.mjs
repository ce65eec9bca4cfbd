// Bundles everything that ships into dist/. One list of entries; `--watch` rebuilds on change,
// `--minify` is what `npm run package` uses.
import { build, context } from 'esbuild';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';

const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');

const common = {
  bundle: true,
  minify,
  sourcemap: minify ? false : 'linked',
  target: 'es2022',
  logLevel: 'warning',
  legalComments: 'none',
  loader: { '.tracesql': 'text' },
  // Its ES module asks import.meta for its address, which a CommonJS bundle does not have.
  alias: { 'web-tree-sitter': resolve('node_modules/web-tree-sitter/web-tree-sitter.cjs') },
};

/** What a Node host runs as CommonJS: VS Code requires its main file and starts workers from paths. */
const node = { ...common, platform: 'node', format: 'cjs', external: ['vscode'] };
/** What a browser host runs: no Node module may be reached. */
const browser = { ...common, platform: 'browser', mainFields: ['browser', 'module', 'main'] };

const requireInEsm = [
  '#!/usr/bin/env node',
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  "const __filename = __fileURLToPath(import.meta.url); const __dirname = __fileURLToPath(new URL('.', import.meta.url));",
].join('\n');

const targets = [
  {
    ...node,
    entryPoints: { extension: 'src/extension/node.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
  },
  {
    ...node,
    entryPoints: {
      traceWorker: 'src/session/nodeTraceWorker.ts',
      queryWorker: 'src/session/nodeQueryWorker.ts',
      server: 'src/server/node.ts',
    },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
  },
  {
    ...node,
    format: 'esm',
    entryPoints: { cli: 'src/cli/main.ts' },
    outdir: 'dist',
    banner: { js: requireInEsm },
  },
  {
    ...browser,
    format: 'cjs',
    external: ['vscode'],
    entryPoints: { 'extension.web': 'src/extension/browser.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
  },
  {
    ...browser,
    format: 'iife',
    entryPoints: {
      'traceWorker.web': 'src/session/webTraceWorker.ts',
      'queryWorker.web': 'src/session/webQueryWorker.ts',
      'server.web': 'src/server/browser.ts',
    },
    outdir: 'dist',
  },
  {
    ...browser,
    format: 'iife',
    entryPoints: { main: 'webview/main.ts' },
    outdir: 'dist/webview',
    tsconfig: 'webview/tsconfig.json',
  },
];

/** Files that ship as they are. */
const copies = [
  ['node_modules/sql.js/dist/sql-wasm.wasm', 'dist/sql-wasm.wasm'],
  ['node_modules/web-tree-sitter/web-tree-sitter.wasm', 'dist/web-tree-sitter.wasm'],
  [
    'node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm',
    'dist/tree-sitter-python.wasm',
  ],
  ['webview/main.css', 'dist/webview/main.css'],
];

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/webview', { recursive: true });
for (const [from, to] of copies) {
  if (!existsSync(from)) {
    throw new Error(`${from} is missing: run npm ci`);
  }
  copyFileSync(from, to);
}
// One file for all saved queries: an extension in a browser cannot list its own folders.
const queries = readdirSync('queries').filter((name) => name.endsWith('.tracesql'));
writeFileSync(
  'dist/queries.json',
  JSON.stringify(Object.fromEntries(queries.map((q) => [q, readFileSync(`queries/${q}`, 'utf8')]))),
);
for (const target of targets) {
  if (watch) {
    await (await context(target)).watch();
  } else {
    await build(target);
  }
}
