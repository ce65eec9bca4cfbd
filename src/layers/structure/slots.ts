import type { ModelPlan, PartKind } from '../model/modelPlan.js';

/** Bits of kinds of work. */
export const KIND_BIT: Readonly<Record<PartKind, number>> = {
  mamba: 1,
  linear_attention: 2,
  short_conv: 4,
  attention: 8,
  mlp: 16,
  moe: 32,
};

/** What stands between two normalisations of the residual stream: one part, or parts in parallel. */
export interface Slot {
  /** layer index of the model */
  readonly layer: number;
  readonly kinds: readonly PartKind[];
  /** `KIND_BIT`s of `kinds` */
  readonly mask: number;
  readonly sharedExpert: boolean | null;
}

/** The slots of one forward pass, in order. */
export function slotsOf(plan: ModelPlan): Slot[] {
  return plan.layers.flatMap(({ parts }, layer) => {
    const slots: { kinds: PartKind[]; sharedExpert: boolean | null }[] = [];
    for (const part of parts) {
      const last = slots.at(-1);
      if (part.parallel && last !== undefined) {
        last.kinds.push(part.kind);
        last.sharedExpert ??= part.sharedExpert;
      } else {
        slots.push({ kinds: [part.kind], sharedExpert: part.sharedExpert });
      }
    }
    return slots.map(({ kinds, sharedExpert }): Slot => ({
      layer,
      kinds,
      mask: kinds.reduce((mask, kind) => mask | KIND_BIT[kind], 0),
      sharedExpert,
    }));
  });
}
