/** What a long operation says of itself. */
export interface Progress {
  /** "Reading kernels" */
  readonly stage: string;
  /** 0 to 1; undefined where it cannot be known */
  readonly fraction?: number;
}
export type ReportProgress = (progress: Progress) => void;

/** @throws the signal's reason once it is aborted */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}
