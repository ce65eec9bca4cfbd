import { expect, test } from 'vitest';
import { parseFrame } from '../../../src/formats/kineto/callStack.js';
import { readMetadata } from '../../../src/formats/kineto/metadata.js';
import { rankOfFileName } from '../../../src/formats/ranks/rankOfName.js';

test.each([
  ['trace.rank3.pt.trace.json.gz', 3],
  ['hta_cpu_only_rank-34.pt.trace.json.gz', 34],
  ['rank_12_step_5.json', 12],
  ['RANK7.json', 7],
  ['1766-TP-0-DP-1.trace.json.gz', 0],
  ['qwen_TP3_decode.json.gz', 3],
  ['http2.json', -1],
  ['franking.json', -1],
  ['trace.json', -1],
  ['rank1234567890.json', -1],
])('rank in %s: %i', (name, rank) => {
  expect(rankOfFileName(name)).toBe(rank);
});

test('nothing private: paths, ids and unknown keys stay in the file', () => {
  const meta = readMetadata(
    new Map([
      ['traceName', '"/home/somebody/trace.json"'],
      ['trace_id', '"A5CD9B0E"'],
      ['hostname', '"secret-host"'],
      ['distributedInfo', '{"backend":"nccl","rank":2,"world_size":4,"hostname":"secret-host"}'],
      ['cuda_runtime_version', '12040'],
    ]),
  );
  expect(JSON.stringify(meta, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v))).not.toMatch(
    /somebody|A5CD|secret/,
  );
  expect(meta).toMatchObject({ rank: 2, worldSize: 4, hasBase: false, baseNs: 0n });
  expect(meta.facts).toContainEqual({ name: 'CUDA runtime', value: '12.4' });
});

test('a base beyond 2^53 is exact, odd types are ignored, broken values are named', () => {
  const meta = readMetadata(
    new Map([
      ['baseTimeNanoseconds', '1790857026000000001'],
      ['deviceProperties', '[{"name":5},null,"x",{"id":3,"name":"GPU"}]'],
      ['distributedInfo', '{"rank":Infinity}'],
      ['schemaVersion', '1'],
    ]),
  );
  expect(meta.baseNs).toBe(1790857026000000001n);
  expect(meta.devices.map((d) => [d.id, d.name])).toEqual([
    [0, ''],
    [1, ''],
    [2, ''],
    [3, 'GPU'],
  ]);
  expect(meta.rank).toBe(-1);
  expect(meta.unreadable).toEqual(['distributedInfo']);
});

test.each([
  ['ep.py(19): ep_forward', 'ep.py', 19, 'ep_forward'],
  ['/a (b)/c.py(7): <module>', '/a (b)/c.py', 7, '<module>'],
  ['<built-in method apply of X>', '', 0, '<built-in method apply of X>'],
])('frame %s', (text, file, line, name) => {
  expect(parseFrame(text)).toEqual({ file, line, function: name, library: '' });
});
