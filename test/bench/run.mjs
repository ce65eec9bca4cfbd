// How costs grow, as ratios within one run: a ratio means the same on a slow machine as on a fast one.
// Not a test: nothing here fails on time.
//
//   npm run bench
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = await mkdtemp(join(tmpdir(), 'layerscope-bench-'));
try {
  const outfile = join(folder, 'costs.mjs');
  await build({
    entryPoints: ['test/bench/costs.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    // sql.js asks for Node's modules as CommonJS does.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(process.cwd() + '/package.json');",
    },
    define: { __filename: "'costs.mjs'", __dirname: "'.'" },
    outfile,
  });
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true });
}
