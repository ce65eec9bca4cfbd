import { describe, expect, it } from 'vitest';
import { capturedGraphs } from '../../../../src/layers/structure/capturedLaunches.js';
import { hostCall, kernel, sceneTrace } from '../scene.js';
import type { Trace } from '../../../../src/trace/index.js';

const captured = (trace: Trace): { all: string[]; kernels: string[] }[] => {
  const names = (rows: Int32Array): string[] =>
    Array.from(rows, (row) => trace.names.get(trace.launches.name[row]));
  return capturedGraphs(trace).map(({ all, kernels }) => ({
    all: names(all),
    kernels: names(kernels),
  }));
};

describe('the calls recorded into a graph', () => {
  it.each([
    ['cudaLaunchKernel', 'cudaMemcpyAsync', 'cudaStream'],
    ['cuLaunchKernelEx', 'cudaMemsetAsync', 'cudaStream'],
    ['cudaLaunchKernelExC', 'cuMemcpyDtoDAsync', 'cuStream'],
    ['hipLaunchKernel', 'hipMemcpyWithStreamAsync', 'hipStream'],
    ['hipExtModuleLaunchKernel', 'hipMemsetAsync', 'hipStream'],
  ])(
    '%s and %s are those between the beginning and the end of a capture',
    (launch, copy, stream) => {
      const acts = [
        hostCall(launch),
        hostCall(`${stream}BeginCapture`),
        hostCall(launch),
        hostCall(copy),
        hostCall(`${stream}IsCapturing`),
        hostCall(launch),
        hostCall(`${stream}EndCapture`),
        hostCall(launch),
      ];
      expect(captured(sceneTrace([{ acts }]))).toEqual([
        { all: [launch, copy, launch], kernels: [launch, launch] },
      ]);
    },
  );

  it('are not those that ran, nor those of another thread', () => {
    const acts = [
      hostCall('cudaStreamBeginCapture'),
      kernel('ran at once'),
      hostCall('cudaLaunchKernel'),
      hostCall('cudaStreamEndCapture'),
    ];
    const other = [hostCall('cudaLaunchKernel')];
    expect(captured(sceneTrace([{ acts }, { acts: other }]))).toEqual([
      { all: ['cudaLaunchKernel'], kernels: ['cudaLaunchKernel'] },
    ]);
  });

  it('of a capture that the recording does not end are not used', () => {
    const acts = [hostCall('cudaStreamBeginCapture'), hostCall('cudaLaunchKernel')];
    expect(captured(sceneTrace([{ acts }]))).toEqual([]);
  });
});
