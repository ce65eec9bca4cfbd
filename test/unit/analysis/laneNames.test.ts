import { describe, expect, it } from 'vitest';
import { deviceName, laneNames } from '../../../src/analysis/laneNames.js';
import { stream, thread, traceOf } from './smallTrace.js';

describe('the name of a device', () => {
  const kineto = traceOf({ lanes: [stream('7', 1), thread('42')], gpu: [] });

  it.each([
    ['kineto', 'cuda:1'],
    ['nsys', 'cuda:1'],
    ['rocpd', 'hip:1'],
    ['rpd', 'hip:1'],
  ] as const)('in a %s trace begins with its runtime', (format, name) => {
    const trace = { ...kineto, format };
    expect(deviceName(trace, trace.lanes[0])).toBe(name);
    expect(laneNames(trace)[0]).toBe(`${name} stream 7`);
  });
});
