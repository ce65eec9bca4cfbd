/** What may follow the stem of a trace's name: a suffix, or which rank it is. */
const AFTER_STEM = /^(\.|[-_]?(?:rank|tp|pp|dp|ep)[-_]?\d)/i;

/**
 * Names of files that look like the configuration of a trace's model, of those beside the trace:
 * `X.config.json` for `X.graph.pt.trace.json.gz` (the longest such X), else `config.json`.
 */
export function configurationsBeside(trace: string, siblings: readonly string[]): string[] {
  const stems = siblings
    .map((name) => ({ name, stem: /^(.+)\.config\.json$/i.exec(name)?.[1] ?? '' }))
    .filter(
      ({ name, stem }) =>
        stem !== '' &&
        name !== trace &&
        trace.startsWith(stem) &&
        AFTER_STEM.test(trace.slice(stem.length)),
    );
  const longest = Math.max(...stems.map(({ stem }) => stem.length));
  const own = stems.filter(({ stem }) => stem.length === longest).map(({ name }) => name);
  return own.length > 0
    ? own
    : siblings.filter((name) => name.toLowerCase() === 'config.json' && name !== trace);
}
