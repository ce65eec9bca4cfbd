import { PART_KINDS, type LayerPart, type PartKind } from './modelPlan.js';

/**
 * The parts of a layer in the order they run in. A list inside the list holds parts that read the
 * same input: `[["mamba", "attention"], "mlp"]` is Falcon-H1.
 */
export type PartNotation = readonly (PartKind | readonly PartKind[])[];

export function isPartKind(word: unknown): word is PartKind {
  return PART_KINDS.some((kind) => kind === word);
}

/** @param sharedExpert of every mixture of experts; null = not known */
export function layerParts(notation: PartNotation, sharedExpert: boolean | null): LayerPart[] {
  return notation.flatMap((entry) =>
    (typeof entry === 'string' ? [entry] : entry).map((kind, position) => ({
      kind,
      parallel: position > 0,
      sharedExpert: kind === 'moe' ? sharedExpert : null,
    })),
  );
}
