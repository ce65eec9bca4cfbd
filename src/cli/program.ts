import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DECOMPOSE_BY } from '../analysis/results.js';
import type { DecomposeBy } from '../analysis/results.js';
import { DEFAULT_STALL_FACTOR } from '../analysis/stalls.js';
import { visibleText } from '../analysis/visibleText.js';
import type { TraceSession, TraceSummary } from '../session/session.js';
import { attributeHeader, attributeLines } from './attributeOutput.js';
import {
  attributionInputs,
  notesOnInputs,
  withAttributionOptions,
  type AttributionOptions,
} from './attributionOptions.js';
import { TABLE_FORMATS, decomposeOutput } from './decomposeOutput.js';
import type { TableFormat } from './decomposeOutput.js';
import { EXIT, UsageError, exitCodeOf } from './exitCodes.js';
import { addExchangeCommands } from './exchangeCommands.js';
import { EXPLAIN_FORMATS, explainOutput } from './explainOutput.js';
import type { ExplainFormat } from './explainOutput.js';
import { INFO_FORMATS, infoOutput } from './infoOutput.js';
import type { InfoFormat } from './infoOutput.js';
import { maxUnpackedOption, withRemedy, type OpeningOptions } from './openingOptions.js';
import { QUERY_FORMATS, queryOutput } from './queryOutput.js';
import type { QueryFormat } from './queryOutput.js';
import { notesOnRanks, ranksOption, type RankOptions } from './rankOptions.js';
import { tracesAndStatement } from './statement.js';
import { stallsOutput } from './stallsOutput.js';
import type { Terminal } from './terminal.js';
import { traceFiles } from './traceFolders.js';
import { UNCLASSIFIED_FORMATS, unclassifiedOutput } from './unclassifiedOutput.js';
import type { UnclassifiedFormat } from './unclassifiedOutput.js';

interface QueryOptions extends AttributionOptions, RankOptions {
  readonly file?: string;
  readonly limit?: number;
  readonly private?: true;
  readonly format: QueryFormat;
}

interface DecomposeOptions extends AttributionOptions, RankOptions {
  readonly by: DecomposeBy;
  readonly format: TableFormat;
}

interface StallOptions extends AttributionOptions, RankOptions {
  readonly factor: number;
  readonly limit: number;
  readonly format: TableFormat;
}

/** What the commands need from the machine they run on. */
export interface CliRuntime {
  readonly terminal: Terminal;
  readonly version: string;
  createSession(): Promise<TraceSession>;
}

const DEFAULT_LIMIT = 20;
/** Attributed calls fetched and written at a time. */
const ATTRIBUTE_CHUNK = 20_000;
const TRACES =
  'a trace file, or the ranks of one run: their files, a pattern, their folder, a tar of them';

/**
 * Runs one command line.
 *
 * @param args without the program's own name
 * @returns the exit code
 */
export async function runCli(args: readonly string[], runtime: CliRuntime): Promise<number> {
  const program = buildProgram(runtime);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version that were asked for end well; commander has already said what else was wrong.
      return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    }
    const code = exitCodeOf(error);
    const sentence = withRemedy(error, error instanceof Error ? error.message : String(error));
    runtime.terminal.say(
      code === EXIT.defect ? `layerscope failed, which is a defect of it: ${sentence}` : sentence,
    );
    return code;
  } finally {
    runtime.terminal.progressDone();
  }
}

function buildProgram(runtime: CliRuntime): Command {
  const { terminal } = runtime;
  const program = new Command('layerscope')
    .description('Which layer type of a model owns the tail latency of a GPU trace.')
    .version(runtime.version)
    .exitOverride()
    .showHelpAfterError('(layerscope --help lists the commands)')
    .addHelpText(
      'after',
      [
        '',
        'Exit codes: 0 done, 1 a gate failed, 2 wrong usage or SQL that cannot run,',
        '            3 the trace cannot be opened (the sentence is on stderr),',
        '            74 the output cannot be written.',
        'Percentiles are continuous (linear interpolation), as percentile_cont in SQL.',
      ].join('\n'),
    );

  program
    .command('info')
    .description('What a trace is and holds.')
    .argument('<trace...>', TRACES)
    .addOption(ranksOption())
    .addOption(maxUnpackedOption())
    .addOption(formatOption(INFO_FORMATS))
    .action(
      async (traces: string[], options: OpeningOptions & RankOptions & { format: InfoFormat }) => {
        await withTrace(runtime, traces, options, async (session, summary) => {
          const { population } = await session.decompose({ by: 'layer-type' });
          await terminal.write(infoOutput(summary, population, options.format));
        });
      },
    );

  withTraceOptions(program.command('decompose'))
    .description('Calls, total, share, p50, p99, max and tail ratio by layer type.')
    .argument('<trace...>', TRACES)
    .addOption(
      new Option('--by <what>', 'what a row stands for')
        .choices(DECOMPOSE_BY)
        .default('layer-type'),
    )
    .addOption(formatOption(TABLE_FORMATS))
    .action(async (traces: string[], options: DecomposeOptions) => {
      await withTrace(runtime, traces, options, async (session, summary) => {
        const decomposition = await session.decompose({ by: options.by });
        const { report, attribution } = summary;
        const text = decomposeOutput(decomposition, report.warnings, options.format, attribution);
        await terminal.write(text);
      });
    });

  withTraceOptions(program.command('stalls'))
    .description('Calls far above the normal of their own layer type and kernel, by time lost.')
    .argument('<trace...>', TRACES)
    .addOption(
      new Option('--factor <n>', 'times the typical duration beyond which a call is a stall')
        .argParser(greaterThanOne)
        .default(DEFAULT_STALL_FACTOR),
    )
    .addOption(
      new Option('--limit <n>', 'stalls listed; all are counted')
        .argParser(wholeNumber)
        .default(DEFAULT_LIMIT),
    )
    .addOption(formatOption(TABLE_FORMATS))
    .action(async (traces: string[], options: StallOptions) => {
      await withTrace(runtime, traces, options, async (session, { attribution }) => {
        const { factor, limit } = options;
        const list = await session.stalls({ factor, limit });
        await terminal.write(stallsOutput(list, options.format, attribution));
      });
    });

  withTraceOptions(program.command('attribute'))
    .description('The layer of every GPU event, one line each, with the evidence for it.')
    .argument('<trace...>', TRACES)
    .option('--explain', 'two more columns: the rule that decided, and what was looked at')
    .addOption(new Option('--format <format>', 'output').choices(['tsv']).default('tsv'))
    .action(
      async (traces: string[], options: AttributionOptions & RankOptions & { explain?: true }) => {
        await withTrace(runtime, traces, options, (session, summary) =>
          writeAttribution(terminal, session, summary, options.explain === true),
        );
      },
    );

  withTraceOptions(program.command('explain'))
    .description('Why one call has its layer: rule, evidence, what else was possible, neighbours.')
    .argument('<trace...>', TRACES)
    .option(
      '--at <ts_us>',
      'the call that starts, or runs, at this time in µs as the file states it',
    )
    .addOption(
      new Option('--call <n>', 'the call by its number, counted from 0 in time order')
        .argParser(wholeNumber)
        .conflicts('at'),
    )
    .addOption(formatOption(EXPLAIN_FORMATS))
    .action(
      async (
        traces: string[],
        options: AttributionOptions &
          RankOptions & { at?: string; call?: number; format: ExplainFormat },
      ) => {
        const { at, call } = options;
        const choice = call !== undefined ? { call } : at !== undefined ? { at_us: at } : undefined;
        if (choice === undefined) {
          throw new UsageError('Which call? Say --at TS_US or --call N.');
        }
        await withTrace(runtime, traces, options, async (session) => {
          await terminal.write(explainOutput(await session.explain(choice), options.format));
        });
      },
    );

  withTraceOptions(program.command('unclassified'))
    .description('What is left without a layer type, by kernel name, and why.')
    .argument('<trace...>', TRACES)
    .addOption(new Option('--limit <n>', 'names listed at most').argParser(wholeNumber))
    .addOption(formatOption(UNCLASSIFIED_FORMATS))
    .action(
      async (
        traces: string[],
        options: AttributionOptions & RankOptions & { limit?: number; format: UnclassifiedFormat },
      ) => {
        const limit = options.limit ?? (options.format === 'table' ? DEFAULT_LIMIT : Infinity);
        await withTrace(runtime, traces, options, async (session) => {
          const list = await session.unclassified({});
          await terminal.write(unclassifiedOutput(list, options.format, limit));
        });
      },
    );

  withTraceOptions(program.command('query'))
    .description('Runs one SQL statement over the trace.')
    .usage('[options] <trace...> <sql>')
    .argument('<trace...>', `${TRACES}, then the statement: one SELECT`)
    .option('--file <query.tracesql>', 'read the statement from a file instead')
    .addOption(new Option('--limit <n>', 'rows at most').argParser(wholeNumber))
    .option(
      '--private',
      'show environments, command lines, host and user names that the file keeps',
    )
    .addOption(formatOption(QUERY_FORMATS))
    .action(async (words: string[], options: QueryOptions) => {
      const { traces, sql } = await tracesAndStatement(words, options.file);
      await withTrace(runtime, traces, options, async (session) => {
        const limit = options.limit ?? Number.MAX_SAFE_INTEGER;
        const result = await session.query({ sql, limit }, progressOf(terminal));
        terminal.progressDone();
        await terminal.write(queryOutput(result, options.format));
        if (result.truncated) {
          terminal.say(`Only the first ${result.rows.length} rows are shown (--limit).`);
        }
      });
    });

  addExchangeCommands(
    program,
    { ...runtime, withTrace: (traces, options, use) => withTrace(runtime, traces, options, use) },
    TRACES,
  );

  return program;
}

function withTraceOptions(command: Command): Command {
  return withAttributionOptions(command).addOption(ranksOption());
}

/** Opens a trace, hands it over and closes it whatever happens. */
async function withTrace(
  runtime: CliRuntime,
  given: readonly string[],
  options: AttributionOptions & RankOptions & { readonly private?: true },
  use: (session: TraceSession, summary: TraceSummary) => Promise<void>,
): Promise<void> {
  const { paths, found: foundTraces, notes } = await traceFiles(given);
  const { inputs, found } = await attributionInputs(options, paths[0]);
  const session = await runtime.createSession();
  try {
    const summary = await session.open(paths, {
      ...progressOf(runtime.terminal),
      attribution: inputs,
      found: foundTraces,
      ...(options.ranks === undefined ? {} : { ranks: options.ranks }),
      ...(options.private === undefined ? {} : { privateValues: true }),
      ...(options.maxUnpacked === undefined ? {} : { unpackLimit: options.maxUnpacked }),
    });
    runtime.terminal.progressDone();
    if (found.length > 0) {
      const rules = found.map(visibleText).join(' and ');
      runtime.terminal.say(
        summary.attribution.kept === true
          ? `Layers are kept from the import; the rules of ${rules} do not apply unless --rules names them.`
          : `Rules of ${rules} decide before the built-in ones.`,
      );
    }
    for (const line of [...notes, ...notesOnRanks(summary), ...notesOnInputs(summary)]) {
      runtime.terminal.say(line);
    }
    await use(session, summary);
  } finally {
    await session.close();
  }
}

async function writeAttribution(
  terminal: Terminal,
  session: TraceSession,
  summary: TraceSummary,
  explain: boolean,
): Promise<void> {
  const more = { explain, rank: summary.ranks.length > 1 };
  await terminal.write(attributeHeader(more));
  if (summary.timeKind !== 'gpu') {
    terminal.say('This trace has no GPU events, only API calls: there is nothing to attribute.');
    return;
  }
  for (let from = 0; from < summary.counts.gpu; from += ATTRIBUTE_CHUNK) {
    const calls = await session.attributed({ from, count: ATTRIBUTE_CHUNK, explain });
    await terminal.write(attributeLines(calls, more));
  }
}

function progressOf(terminal: Terminal): { progress: Terminal['progress'] } {
  return { progress: (progress) => terminal.progress(progress) };
}

function formatOption(formats: readonly string[]): Option {
  return new Option('--format <format>', 'output').choices(formats).default(formats[0]);
}

function greaterThanOne(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 1) {
    throw new InvalidArgumentError('It must be a number greater than 1.');
  }
  return value;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new InvalidArgumentError('It must be a whole number.');
  }
  return Number(text);
}
