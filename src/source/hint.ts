/** Where a call's code may be: to be found in the workspace by the caller. Best first. */
export interface SourceHint {
  readonly kind: 'frame' | 'class' | 'kernel';
  /** path on the recording machine, '' where only a name is known */
  readonly file: string;
  /** from 1; 0 = unknown */
  readonly line: number;
  /** function, class or kernel name */
  readonly symbol: string;
}
