// Serves the trace editor's page over the real engine, outside VS Code. See README.md.
import { build } from 'esbuild';
import { createServer } from 'node:http';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const out = join(root, 'node_modules/.cache/layerscope-webview');

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'">
<link rel="stylesheet" href="/themes.css">
<link rel="stylesheet" href="/main.css">
<title>Layerscope</title>
</head>
<body><script src="/vscodeApi.js"></script><script src="/main.js"></script></body>
</html>`;

/** Messages as JSON: typed arrays as base64, integers beyond 2^53 as text, as VS Code's host sends them. */
function encode(message) {
  return JSON.stringify(message, (_key, value) => {
    if (ArrayBuffer.isView(value)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return { $array: value.constructor.name, base64: bytes.toString('base64') };
    }
    return typeof value === 'bigint' ? value.toString() : value;
  });
}

/** The built-in queries; their header comments are the titles. */
function savedQueries() {
  const folder = join(root, 'queries');
  return readdirSync(folder).map((file) => {
    const sql = readFileSync(join(folder, file), 'utf8');
    const header = (key) => new RegExp(`^-- ${key}: (.*)$`, 'm').exec(sql)?.[1] ?? '';
    return { title: header('title'), description: header('description'), sql };
  });
}

async function bundle() {
  mkdirSync(out, { recursive: true });
  const common = { bundle: true, target: 'es2022', logLevel: 'warning' };
  const browser = { ...common, format: 'iife', tsconfig: join(root, 'webview/tsconfig.json') };
  await build({
    ...browser,
    entryPoints: [join(root, 'webview/main.ts'), join(root, 'webview/dev/vscodeApi.ts')],
    entryNames: '[name]',
    outdir: out,
  });
  await build({
    ...common,
    entryPoints: [join(root, 'src/session/nodeSession.ts')],
    platform: 'node',
    format: 'esm',
    outfile: join(out, 'session.mjs'),
    loader: { '.tracesql': 'text' },
    external: ['sql.js'],
  });
}

/**
 * Opens the traces and serves the page.
 * @returns {Promise<{ url: string, close: () => Promise<void>, messages: object[] }>} `messages` are
 *   those the page sent, newest last
 */
export async function serve(traces, port = 8410) {
  await bundle();
  const { createNodeSession } = await import(pathToFileURL(join(out, 'session.mjs')).href);
  const listeners = new Set();
  const messages = [];
  const post = (message) => {
    const text = `data: ${encode(message)}\n\n`;
    listeners.forEach((response) => response.write(text));
  };
  const session = createNodeSession(join(root, 'node_modules/sql.js/dist'));
  const name = basename(traces[0]);
  let opened;
  const open = () =>
    (opened ??= session.open(traces, {
      progress: (progress) => post({ type: 'opening', name, progress }),
    }));

  const answers = {
    savedQueries: async () => savedQueries(),
    copy: async () => undefined,
    save: async ({ suggestedName }) => suggestedName,
    goToCode: async ({ call }) => {
      const [hint] = await session.sourceHints({ call });
      return hint === undefined
        ? 'This call has no source.'
        : `Would open ${hint.file}:${hint.line}`;
    },
    makeRule: async ({ kernel }) => `Would make a rule for ${kernel}`,
    goToFrame: async ({ file, line }) => `Would open ${file}:${line}`,
  };

  async function receive(message) {
    messages.push(message);
    if (message.type === 'ready') {
      post({ type: 'opening', name, progress: { stage: 'Opening', fraction: 0 } });
      try {
        post({ type: 'opened', summary: await open(), moreRanks: [] });
      } catch (error) {
        const { looksLike = '', tables = [], code } = error;
        const unpacksLarge = code === 'unpacks-large';
        post({ type: 'failed', sentence: error.message, looksLike, tables, unpacksLarge });
      }
    } else if (message.type === 'request') {
      try {
        const answer = answers[message.name] ?? ((params) => session[message.name](params));
        post({ type: 'answer', id: message.id, result: await answer(message.params) });
      } catch (error) {
        post({ type: 'refused', id: message.id, sentence: error.message, cancelled: false });
      }
    }
  }

  const files = {
    '/favicon.ico': ['image/x-icon', () => ''],
    '/': ['text/html', () => PAGE],
    '/main.js': ['text/javascript', () => readFileSync(join(out, 'main.js'))],
    '/vscodeApi.js': ['text/javascript', () => readFileSync(join(out, 'vscodeApi.js'))],
    '/main.css': ['text/css', () => readFileSync(join(root, 'webview/main.css'))],
    '/themes.css': ['text/css', () => readFileSync(join(root, 'webview/dev/themes.css'))],
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('\n');
      listeners.add(response);
      request.on('close', () => listeners.delete(response));
    } else if (path === '/message') {
      let text = '';
      request.on('data', (part) => (text += part));
      request.on('end', () => {
        response.writeHead(204).end();
        void receive(JSON.parse(text));
      });
    } else if (files[path] === undefined) {
      response.writeHead(404).end();
    } else {
      const [type, content] = files[path];
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(content());
    }
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    messages,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await session.close();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(process.argv.slice(2));
  console.log(url);
}
