// Finds recordings with a truth beside them and says which ways of attributing each there are.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a reader has of a run, and how far attribution has to get with it: right type and right layer
 * index, percent of GPU time. The bars are those of `../shared/attribution.md`; null where it sets none.
 */
export const VARIANTS = [
  { id: 'stack', bar: { type: 99, index: 99 } },
  { id: 'plain', bar: null },
  { id: 'plain + config', bar: { type: 95, index: 92 } },
  { id: 'graph', bar: null },
  { id: 'graph + config', bar: { type: 92, index: 90 } },
  { id: 'graph + companion', bar: { type: 98, index: 98 } },
];

const TRUTH = /^(.*)\.truth\.tsv(?:\.gz|\.xz)?$/;
const TRACE_SUFFIXES = ['.pt.trace.json.gz', '.pt.trace.json.xz', '.pt.trace.json'];

/**
 * One attribution to score.
 *
 * @typedef {object} Run
 * @property {string} model   what the files are called: "nemotron_h", "nemotron_h_ep2.rank0"
 * @property {string} variant an id of VARIANTS
 * @property {string} trace   path
 * @property {string} truth   path
 * @property {string | null} config
 * @property {string | null} companion
 */

/**
 * All runs of the folders, by model and variant.
 *
 * @param {readonly string[]} folders
 * @param {{ model: boolean, companion: boolean }} can what `layerscope attribute` understands
 * @param {readonly string[]} [configFolders] where else a model's configuration may lie
 * @returns {Run[]}
 */
export function findRuns(folders, can, configFolders = []) {
  const runs = [];
  for (const folder of folders) {
    for (const file of readdirSync(folder).sort()) {
      const stem = TRUTH.exec(file)?.[1];
      if (stem !== undefined) {
        runs.push(...runsOf(folder, stem, join(folder, file), can, configFolders));
      }
    }
  }
  const place = (run) => VARIANTS.findIndex(({ id }) => id === run.variant);
  return runs.sort(
    (a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : 0) || place(a) - place(b),
  );
}

function runsOf(folder, stem, truth, can, configFolders) {
  const trace = (name) =>
    TRACE_SUFFIXES.map((suffix) => join(folder, `${name}${suffix}`)).find((path) =>
      existsSync(path),
    ) ?? null;
  const graph = stem.endsWith('.graph');
  const model = graph ? stem.slice(0, -'.graph'.length) : stem;
  const stack = trace(`${model}.stack`);
  const companion = stack ?? trace(`${model}.capture`);
  const config = can.model ? configOf(folder, model, configFolders) : null;
  const runs = [];
  const add = (variant, path, evidence = {}) => {
    if (path !== null) {
      runs.push({ model, variant, trace: path, truth, config: null, companion: null, ...evidence });
    }
  };
  if (!graph) {
    add('stack', stack);
  }
  const alone = trace(stem);
  add(graph ? 'graph' : 'plain', alone);
  if (config !== null) {
    add(graph ? 'graph + config' : 'plain + config', alone, { config });
  }
  if (graph && can.companion && companion !== null) {
    add('graph + companion', alone, { companion });
  }
  return runs;
}

/** "nemotron_h_ep2.long.rank0" has the configuration of "nemotron_h_ep2". */
function configOf(folder, model, configFolders) {
  const family = model.split('.')[0];
  return (
    [folder, ...configFolders]
      .map((candidate) => join(candidate, `${family}.config.json`))
      .find((path) => existsSync(path)) ?? null
  );
}
