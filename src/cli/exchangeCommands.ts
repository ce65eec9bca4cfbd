import { InvalidArgumentError, Option, type Command } from 'commander';
import { formatBytes, formatCount } from '../analysis/format.js';
import type { TimeWindow } from '../analysis/results.js';
import { visibleText } from '../analysis/visibleText.js';
import {
  CSV_TABLES,
  EXPORT_TARGETS,
  type CsvTable,
  type ExportReport,
  type ExportRequest,
  type ExportTarget,
} from '../exchange/exportRequest.js';
import { OutputFile } from '../session/nodeOutputFile.js';
import type { TraceSession, TraceSummary } from '../session/session.js';
import { withAttributionOptions, type AttributionOptions } from './attributionOptions.js';
import { UsageError } from './exitCodes.js';
import { ranksOption, type RankOptions } from './rankOptions.js';
import type { Terminal } from './terminal.js';
import { traceFiles } from './traceFolders.js';

/** What the commands need of the program they are part of. */
export interface ExchangeRuntime {
  readonly terminal: Terminal;
  readonly version: string;
  /** Opens a trace, hands it over and closes it whatever happens. */
  withTrace(
    traces: readonly string[],
    options: AttributionOptions & RankOptions,
    use: (session: TraceSession, summary: TraceSummary) => Promise<void>,
  ): Promise<void>;
}

interface ImportOptions extends AttributionOptions, RankOptions {
  readonly output: string;
  readonly force?: true;
}

interface ExportOptions extends ImportOptions {
  readonly to: ExportTarget;
  readonly table?: CsvTable;
  readonly fromTime?: number;
  readonly toTime?: number;
}

const STANDARD_OUTPUT = '-';

/** `layerscope import` and `layerscope export`. @param traces what a trace is, in words */
export function addExchangeCommands(
  program: Command,
  runtime: ExchangeRuntime,
  traces: string,
): void {
  withAttributionOptions(program.command('import'))
    .addOption(ranksOption())
    .description('Writes a trace with its layers as one database that Layerscope opens fastest.')
    .argument('<trace...>', traces)
    .requiredOption('-o, --output <out.db>', 'the file to write')
    .option('--force', 'replace the file if it exists')
    .action((given: string[], options: ImportOptions) =>
      writeTrace(runtime, given, options, { to: 'database' }),
    );

  withAttributionOptions(program.command('export'))
    .addOption(ranksOption())
    .description('Writes a trace with its layers for other programs.')
    .argument('<trace...>', traces)
    .addOption(
      new Option('--to <format>', 'Chrome trace JSON (Perfetto opens it), CSV or speedscope JSON')
        .choices(EXPORT_TARGETS)
        .makeOptionMandatory(),
    )
    .requiredOption(
      '-o, --output <file>',
      `the file to write, packed where it ends in .gz; ${STANDARD_OUTPUT} is the standard output`,
    )
    .option('--force', 'replace the file if it exists')
    .addOption(
      new Option('--table <table>', 'of CSV: one row for each of these').choices(CSV_TABLES),
    )
    .addOption(
      new Option(
        '--from-time <ms>',
        "only what starts from here on, in ms from the trace's start",
      ).argParser(milliseconds),
    )
    .addOption(
      new Option(
        '--to-time <ms>',
        "only what starts before this, in ms from the trace's start",
      ).argParser(milliseconds),
    )
    .action((given: string[], options: ExportOptions) => {
      const { to, table, fromTime = 0, toTime = Infinity } = options;
      if (table !== undefined && to !== 'csv') {
        throw new UsageError(`--table is of CSV only, and --to says ${to}.`);
      }
      if (!(fromTime < toTime)) {
        throw new UsageError('--from-time has to be before --to-time.');
      }
      const window: TimeWindow = { startNs: fromTime * 1e6, endNs: toTime * 1e6 };
      return writeTrace(runtime, given, options, {
        to,
        gzip: /\.gz$/i.test(options.output),
        ...(table === undefined ? {} : { table }),
        ...(options.fromTime === undefined && options.toTime === undefined ? {} : { window }),
      });
    });
}

async function writeTrace(
  { terminal, version, withTrace }: ExchangeRuntime,
  given: readonly string[],
  options: ImportOptions,
  wanted: Omit<ExportRequest, 'writtenBy'>,
): Promise<void> {
  const request: ExportRequest = { ...wanted, writtenBy: `layerscope ${version}` };
  const progress = (p: Parameters<Terminal['progress']>[0]) => terminal.progress(p);
  if (options.output === STANDARD_OUTPUT) {
    if (request.to === 'database') {
      throw new UsageError('A database is written to a file: say -o FILE.');
    }
    const decoder = new TextDecoder();
    await withTrace(given, options, async (session) => {
      const report = await session.export(
        request,
        (bytes) => terminal.write(decoder.decode(bytes, { stream: true })),
        { progress },
      );
      terminal.progressDone();
      say(terminal, report, '');
    });
    return;
  }
  const inputs = [
    ...given,
    ...(await traceFiles(given)).paths,
    ...(options.companion ?? []),
    ...(options.rules ?? []),
    ...(options.model === undefined ? [] : [options.model]),
  ];
  // Looked at first: nobody waits for a trace to be read and is then refused.
  const file = await OutputFile.create({
    path: options.output,
    force: options.force === true,
    inputs,
  });
  const stopListening = leaveNothingAtSignals(file);
  try {
    await withTrace(given, options, async (session) => {
      const report = await session.export(request, (bytes) => file.write(bytes), { progress });
      await file.finish();
      terminal.progressDone();
      say(terminal, report, `: ${visibleText(options.output)}, ${formatBytes(file.bytes)}`);
    });
  } catch (error) {
    await file.abandon();
    throw error;
  } finally {
    stopListening();
  }
}

/** What a process exits with after these signals. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** @returns ends it */
function leaveNothingAtSignals(file: OutputFile): () => void {
  const stops = (Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]).map((signal) => {
    const end = (): void => {
      file.abandonAtOnce();
      process.exit(SIGNALS[signal]);
    };
    process.once(signal, end);
    return () => process.off(signal, end);
  });
  return () => stops.forEach((stop) => stop());
}

function say(terminal: Terminal, { rows, notes }: ExportReport, where: string): void {
  const counts = rows.map(({ what, rows: count }) => `${formatCount(count)} ${what}`).join(', ');
  terminal.say(`Written ${counts}${where}`);
  notes.forEach((note) => terminal.say(note));
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('It must be a number of milliseconds from 0 on.');
  }
  return value;
}
