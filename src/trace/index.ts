export * from './builders.js';
export * from './calls.js';
export * from './columns.js';
export * from './errors.js';
export * from './labels.js';
export * from './layerType.js';
export * from './names.js';
export * from './progress.js';
