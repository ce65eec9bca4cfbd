// Opens mutants of the fixtures for as long as you like.
//
//   npm run fuzz                          200 seeds of every file
//   npm run fuzz -- --seeds N             N seeds
//   npm run fuzz -- --from N              from seed N: --from N --seeds 1 replays one
//   npm run fuzz -- --file NAME           files whose name contains NAME
//
// Ends with 1 where a mutant did something else than open soundly or be refused with a sentence.
import { parseArgs } from 'node:util';
import { fuzz } from './campaign.mjs';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '0' },
    file: { type: 'string', default: '' },
  },
});
const begun = Date.now();
const { mutants, failures } = await fuzz({
  seeds: Number(values.seeds),
  from: Number(values.from),
  file: values.file,
  onFailure: ({ file, seed, mutation, problems }) =>
    console.error(`${file} seed ${seed}: ${mutation}\n  ${problems.join('\n  ')}`),
});
const seconds = ((Date.now() - begun) / 1000).toFixed(0);
console.log(`${mutants} mutants, ${failures.length} failures, ${seconds} s`);
process.exitCode = failures.length === 0 && mutants > 0 ? 0 : 1;
