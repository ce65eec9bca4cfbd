import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import type { Trace } from '../../../src/trace/index.js';
import { readText } from '../kineto/readFixture.js';

const textOf = (file: string): string => gunzipSync(readFileSync(file)).toString('utf8');
const TEXTS = [0, 1].map((rank) => textOf(`samples/nemotron_h_ep2.rank${rank}.pt.trace.json.gz`));

describe('x', () => {
  it('y', async () => {
    const t = await Promise.all(TEXTS.map((x, i) => readText(x, `r${i}.json`)));
    const t0=performance.now();
    const m = mergeRanks(t);
    console.log(performance.now()-t0, m.ranks);
    const s = mergeRanks([t[0], {...t[1], clock:{...t[1].clock, originNs: t[1].clock.originNs - 17_000_000_123n}}]);
    console.log(s.ranks[1].clock);
    const u = mergeRanks([t[0], {...t[1], clock:{...t[1].clock, originNs: t[1].clock.originNs + 60_000n}}]);
    console.log(u.ranks[1].clock);
    const v = mergeRanks([t[0], {...t[1], clock:{...t[1].clock, originNs: t[1].clock.originNs + 40_000n}}]);
    console.log(v.ranks[1].clock);
  });
});
