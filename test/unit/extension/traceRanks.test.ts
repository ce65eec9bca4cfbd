import { describe, expect, it } from 'vitest';
import { inRankOrder, otherRanks } from '../../../src/extension/traceRanks.js';

describe('otherRanks', () => {
  it.each([
    ['a.rank0.pt.trace.json.gz', 'a.rank1.pt.trace.json.gz'],
    ['a_rank-0.json', 'a_rank-1.json'],
    ['rank_0.json', 'rank_1.json'],
    ['1712-TP-0.trace.json.gz', '1712-TP-1.trace.json.gz'],
    ['run_TP0_decode.json.gz', 'run_TP1_decode.json.gz'],
    ['dp0_pp0_tp0_dcp0_ep0_rank0.json.gz', 'dp0_pp0_tp1_dcp0_ep1_rank1.json.gz'],
  ])('finds the other rank of %s', (name, other) => {
    expect(otherRanks(name, [name, other, 'notes.txt'])).toEqual([other]);
    expect(otherRanks(other, [other, name])).toEqual([name]);
  });

  it('orders by number and leaves out what differs in anything else', () => {
    const siblings = ['x.rank10.db', 'x.rank2.db', 'x.rank0.db', 'y.rank1.db', 'x.rank1.db.bak'];
    expect(otherRanks('x.rank0.db', siblings)).toEqual(['x.rank2.db', 'x.rank10.db']);
  });

  it('takes no other number for a rank', () => {
    expect(otherRanks('run1.db', ['run1.db', 'run2.db'])).toEqual([]);
    expect(otherRanks('frank0.db', ['frank0.db', 'frank1.db'])).toEqual([]);
    expect(otherRanks('http0.db', ['http0.db', 'http1.db'])).toEqual([]);
    expect(otherRanks('rank0b.db', ['rank0b.db', 'rank1b.db'])).toEqual([]);
  });

  const stamped = (rank: number, time: number) => `host_rank${rank}.${time}.pt.trace.json.gz`;

  it('lets the time stamp differ where each rank is there once', () => {
    const own = stamped(0, 1712000000000);
    const others = [stamped(1, 1712000000123), stamped(2, 1712000000456)];
    expect(otherRanks(own, [own, ...others])).toEqual(others);
  });

  it('offers nothing where two runs lie side by side', () => {
    const own = stamped(0, 1712000000000);
    const others = [
      stamped(1, 1712000000123),
      stamped(0, 1713000000000),
      stamped(1, 1713000000123),
    ];
    expect(otherRanks(own, [own, ...others])).toEqual([]);
  });

  it('prefers files with the same time stamp', () => {
    const own = stamped(0, 1712000000000);
    const same = stamped(1, 1712000000000);
    expect(otherRanks(own, [own, same, stamped(1, 1713000000000)])).toEqual([same]);
  });
});

it('puts rank 2 before rank 10', () => {
  expect(inRankOrder(['rank10', 'rank2', 'rank0'])).toEqual(['rank0', 'rank2', 'rank10']);
});
