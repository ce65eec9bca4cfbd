/** What one part of a layer does, as far as its kernels can be told apart. */
export const PART_KINDS = [
  'mamba',
  'linear_attention',
  'short_conv',
  'attention',
  'mlp',
  'moe',
] as const;
export type PartKind = (typeof PART_KINDS)[number];

/** A mixer, an MLP or a mixture of experts of a layer. */
export interface LayerPart {
  readonly kind: PartKind;
  /** it reads the same input as the part before it (attention beside Mamba in Falcon-H1) */
  readonly parallel: boolean;
  /** for a mixture of experts: it has an expert that every token passes; null = not known */
  readonly sharedExpert: boolean | null;
}

/** One layer of a model; its parts in the order they run in. */
export interface LayerPlan {
  readonly parts: readonly LayerPart[];
}

/** Sizes a configuration states; null where it does not. Each counts elements or items. */
export interface ModelSizes {
  readonly hidden: number | null;
  readonly vocabulary: number | null;
  readonly heads: number | null;
  readonly keyValueHeads: number | null;
  readonly headDim: number | null;
  /** latent attention: what is cached of a token in each layer instead of keys and values */
  readonly latentKeyValue?: number;
  /** inner width of a dense MLP */
  readonly intermediate: number | null;
  /** inner width of one routed expert */
  readonly expertIntermediate: number | null;
  readonly experts: number | null;
  readonly expertsPerToken: number | null;
}

/** What a model's configuration says its forward pass does. */
export interface ModelPlan {
  /** `model_type`, or the name a custom pattern gives itself */
  readonly family: string;
  /** by layer index */
  readonly layers: readonly LayerPlan[];
  readonly sizes: ModelSizes;
  /** what the configuration left open or what was assumed, as sentences for people */
  readonly notes: readonly string[];
}
