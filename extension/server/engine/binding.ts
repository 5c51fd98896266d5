/**
 * The typed surface of the native addon (`native/binding`). A contract test compares it with the loaded `.node`.
 *
 * Every failure is an `Error` with a `code` from `protocol/model.ts`. Long work runs on the model's own engine
 * thread; the calls that are marked synchronous are cheap.
 */

export interface NativeModule {
  /** Incremented with every change of this interface. */
  readonly abiVersion: number;
  systemInfo(): NativeSystemInfo;
  /**
   * Reads the header of a GGUF file: metadata, tensors, memory need. Loads no weights. Synchronous. `contextLength`
   * (tokens; 0 = the engine chooses) is brought within what the model was trained for.
   */
  /** While true, all computing in this process sleeps where it is. */
  hold(held: boolean): void;
  inspect(
    path: string,
    options?: { contextLength?: number; prefixCacheBytes?: number; compactCache?: boolean },
  ): NativeInspection;
  /** Maps, checks and repacks the weights. `onProgress` gets 0..1. Abort through `cancelToken`. */
  loadModel(path: string, options: NativeLoadOptions, onProgress: (fraction: number) => void): NativeLoad;
  /** Types that `quantize` makes. */
  readonly quantizeTypes: string[];
  /**
   * Writes a model file in fewer bits, from a file or from the parts of a model, with what an adapter (empty: none)
   * adds to its weights, and with errors weighed by an importance matrix (empty: none). `path` gets its name when it is
   * whole. 0 threads = the physical cores.
   */
  quantize(
    source: string | NativeModelParts,
    adapter: string,
    importance: string,
    path: string,
    type: string,
    threads: number,
    onProgress: (fraction: number) => void,
  ): NativeJob<NativeQuantizeReport>;
}

/** A model whose weights lie in files of another form. */
export interface NativeModelParts {
  /** A GGUF file up to its weights, whose types of tensors are F32, F16 and BF16; offsets do not count. */
  readonly header: Uint8Array;
  readonly files: readonly string[];
  /** In the order of the header's tensors. */
  readonly parts: readonly NativePart[];
}

/** Location of a tensor's weights; row-major, little-endian. */
export interface NativePart {
  /** Of `files`; -1 = in `header` itself. */
  readonly file: number;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly bytes: number;
  /** Of the weights there; the header may ask for another one. */
  readonly type: 'F32' | 'F16' | 'BF16';
  /** Above 0: the number of heads in the rows, whose rotary pairs (i, i + n / 2) must be interleaved. */
  readonly heads: number;
}

export interface NativeQuantizeReport {
  readonly sourceBytes: number;
  readonly bytes: number;
  readonly parameters: number;
  /** Of the matrices. */
  readonly bitsPerWeight: number;
  /** Root mean square error of the converted weights, relative to the weights. */
  readonly relativeError: number;
  /** Tensors that were weighted by the importance matrix. */
  readonly weighted: number;
  /** The source was quantized already. */
  readonly requantized: boolean;
  /** Tensor type -> number of tensors. */
  readonly types: Readonly<Record<string, number>>;
}

export interface NativeLoad {
  readonly result: Promise<NativeModel>;
  cancel(): void;
}

export interface NativeSystemInfo {
  /** E.g. `['avx2', 'fma', 'f16c']`. */
  readonly cpuFeatures: string[];
  /** Names of the kernel tables that this CPU can run, best first. */
  readonly availableKernels: string[];
  readonly physicalCores: number;
  readonly totalMemory: number;
  readonly availableMemory: number;
  /** The engine's default size of the prompt cache. Bytes. */
  readonly defaultPrefixCache: number;
}

export interface NativeLoadOptions {
  /** Tokens; 0 = the smaller of the trained length and 8192. */
  contextLength?: number;
  /** 0 = the fastest number of performance cores. */
  threads?: number;
  /** Leaves one core to others when `threads` is 0. */
  polite?: boolean;
  /** Keys and values in 8 instead of 16 bits. */
  compactCache?: boolean;
  /** Activations are not rounded to 8 bits: slower, for measuring. Nothing is kept in `snapshotFolder` then. */
  exact?: boolean;
  /** A name of `availableKernels`; empty = the best. PADDOCK_KERNELS overrides it. */
  kernels?: string;
  /** Memory for the keys and values of earlier prompts; 0 = none, absent = 1/32 of the memory up to 512 MiB. */
  prefixCacheBytes?: number;
  /** Where they are kept for the next start; absent or empty = nowhere. */
  snapshotFolder?: string;
  /** The most that the folder holds; 2 GiB. */
  snapshotBytes?: number;
}

export interface NativeTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: number[];
  readonly bytes: number;
}

export type NativeMetadataValue = string | number | boolean | bigint | { arrayOf: string; length: number };

export interface NativeMemory {
  readonly weights: number;
  readonly kvCache: number;
  readonly scratch: number;
  readonly prefixCache: number;
  readonly total: number;
}

export interface NativeInspection {
  readonly fileBytes: number;
  readonly version: number;
  readonly architecture: string;
  readonly parameters: number;
  readonly quantization: string;
  readonly trainedContextLength: number;
  readonly metadata: Record<string, NativeMetadataValue>;
  readonly tensors: NativeTensor[];
  /** Undefined when the engine cannot run this file; `unsupported` then says why. */
  readonly memory: NativeMemory | undefined;
  readonly unsupported: string | undefined;
  readonly contextLength: number;
}

export interface NativeModelInfo {
  readonly path: string;
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly quantization: string;
  readonly contextLength: number;
  readonly trainedContextLength: number;
  readonly vocabularySize: number;
  readonly memory: NativeMemory;
  readonly kernels: string;
  /** At most as many as there are CPUs. */
  readonly threads: number;
  /** What was asked for; 0 = automatic. */
  readonly requestedThreads: number;
  /** How many of the threads take part in decoding and in prefill. */
  readonly decodeThreads: number;
  readonly prefillThreads: number;
  readonly compactCache: boolean;
  /** Activations are not rounded: requested by `NativeLoadOptions`, or all weights are floats. */
  readonly exact: boolean;
  readonly chatTemplate: string | undefined;
  readonly bosToken: number | undefined;
  readonly eosToken: number | undefined;
  readonly bosText: string;
  readonly eosText: string;
  /** Whether the model wants its bos token before every prompt. */
  readonly addBos: boolean;
  /** All tokens that end a generation (eos, eot and similar). */
  readonly endTokens: number[];
}

export interface NativeGenerateRequest {
  /** Token ids, 1 .. contextLength - 1 of them. */
  readonly prompt: Int32Array;
  /** The upper limit of new tokens; 0 = until the context is full. */
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed: number;
  /** The answer ends before the first of these; it is not part of the text. */
  readonly stop: string[];
  /** Ids that end the answer besides the model's own end tokens. */
  readonly stopTokens: number[];
  /** The answer begins with it, in the tokens that the model finds likeliest. */
  readonly opening?: string;
  /** Do not end at end tokens (benchmarks). */
  readonly ignoreEnd?: boolean;
  /** Gives the likelihoods of the answer's tokens. */
  readonly likelihoods?: boolean;
  /** Given up before everything else that is remembered, and not kept on disk. */
  readonly transient?: boolean;
  /** Who is served first: a class of work waits while there is work of a higher one. Chat, when it is not given. */
  readonly work?: NativeWork;
  /** Draft tokens: ids of the probable answer. Only the speed depends on them. */
  readonly prediction?: Int32Array;
  /** False: one token per pass, without draft tokens (for measuring). The answer is the same. */
  readonly speculate?: boolean;
}

/** From the least to the most urgent. */
export type NativeWork = 'background' | 'chat' | 'edit' | 'completion';

export type NativeGenerateEvent =
  | { readonly type: 'prefill'; readonly done: number; readonly total: number; readonly cached: number }
  /** `tokens`: those of the answer so far, these included. */
  | { readonly type: 'text'; readonly text: string; readonly tokens: number };

export interface NativeGenerateResult {
  readonly text: string;
  readonly tokens: Int32Array;
  readonly finishReason: 'stop' | 'length' | 'cancelled';
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** Draft tokens that were evaluated, and those that were accepted. */
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
  /**
   * When asked for: ln p of each token, and of the one that ended the answer if one did. Before temperature, after the
   * repetition penalty.
   */
  readonly likelihoods?: Float64Array;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

export interface NativeJob<T> {
  readonly result: Promise<T>;
  /** Safe at any time and any number of times; the promise still settles. */
  cancel(): void;
}

export interface NativeBenchOptions {
  /** Tokens of prefill, from an empty cache. */
  readonly prompt: number;
  /** Tokens to decode. */
  readonly generate: number;
  readonly repeat: number;
  /** Tokens in the cache when decoding begins, at least 1; those of the prompt. */
  readonly depth?: number;
}

export interface NativeBenchRow {
  readonly test: 'prefill' | 'decode';
  readonly tokens: number;
  /** Tokens that were in the cache before. */
  readonly depth: number;
  readonly tokensPerSecond: number;
  /** Machine limit measured between these tokens: int8 operations (prefill) or bytes read (decode) per second. */
  readonly limit: number;
  /** Cost of one token in the same unit; `tokensPerSecond * cost / limit` is the share that was used. */
  readonly cost: number;
}

export interface NativeBench {
  readonly rows: NativeBenchRow[];
  /** Bytes per second over all threads: the best sample between the tokens. */
  readonly readBandwidth: number;
  readonly readBandwidthMedian: number;
  /** int8 multiply and add operations per second over all threads: the best sample before and after prefill. */
  readonly int8Peak: number;
  readonly int8PeakMedian: number;
  /** Bytes of weights that decoding one token reads. */
  readonly weightBytesPerToken: number;
  /** Elements of the layers' matrices: prefill multiplies each once for every token. */
  readonly layerWeights: number;
}

/** Logits of one model, for `compare` of another. */
export interface NativePredictions {
  readonly constructor: { readonly name: 'NativePredictions' };
}

/** For each compared token, in nats. */
export interface NativeDivergence {
  readonly nll: Float64Array;
  readonly baseNll: Float64Array;
  /** Kullback-Leibler divergence of the model from the base, over the whole vocabulary. */
  readonly kld: Float64Array;
  /** How many of them have the same likeliest token in both. */
  readonly sameTop: number;
}

export interface NativeModel {
  readonly info: NativeModelInfo;
  /** Bytes need not be valid UTF-8. `special`: control tokens in the text become their ids. Synchronous. */
  tokenize(text: string | Uint8Array, special: boolean): Int32Array;
  /** The bytes that the ids stand for; control tokens are left out unless `special`. Synchronous. */
  detokenize(ids: Int32Array, special: boolean): Uint8Array;
  /** `undefined` when the text is no single token of the vocabulary. Synchronous. */
  tokenId(text: string): number | undefined;
  /** Text events come at most every 16 ms. One job runs at a time; others wait in order. */
  generate(
    request: NativeGenerateRequest,
    onEvent: (event: NativeGenerateEvent) => void,
  ): NativeJob<NativeGenerateResult>;
  /** Negative log-likelihood in nats of ids[first + 1 ..], each given all ids before it; `first` is 0 when absent. */
  score(ids: Int32Array, first?: number): NativeJob<Float64Array>;
  /** This model's predictions of ids[first + 1 ..]. Large: a window of 512 takes up to 155 MB until it is compared. */
  predict(ids: Int32Array, first: number): NativeJob<NativePredictions>;
  /** Divergence of this model from the one that predicted `base` for the same ids. Consumes `base`. */
  compare(ids: Int32Array, first: number, base: NativePredictions): NativeJob<NativeDivergence>;
  /**
   * Evaluates a text of at least 16 tokens and adds the squared inputs of every matrix to the sums of an importance
   * matrix, which start with the first call. A cancelled call leaves partial sums.
   */
  observe(ids: Int32Array): NativeJob<void>;
  /** Writes the sums as a GGUF file and resets them. `datasets` names the texts. */
  saveImportance(path: string, datasets: readonly string[]): NativeJob<void>;
  bench(options: NativeBenchOptions): NativeJob<NativeBench>;
  /** Creates a trainer of an adapter. A model has one trainer at a time. */
  train(options: NativeTrainOptions): NativeJob<NativeTrainer>;
  /** Bytes that a trainer with these options takes beside the model. Synchronous. */
  trainingNeed(options: NativeTrainOptions): { readonly pass: number; readonly optimizer: number };
  /** Clears the prompt cache, in memory and in the snapshot folder. */
  clearCache(): NativeJob<void>;
  /** Waits for the running job (cancelled) and frees the weights. */
  unload(): Promise<void>;
}

/** A matrix of a layer that an adapter stands beside. */
export type NativeTarget = 'q' | 'k' | 'v' | 'o' | 'gate' | 'up' | 'down';

export interface NativeTrainOptions {
  readonly rank: number;
  readonly alpha: number;
  /** Of the adapter's input, at least 0 and below 1. */
  readonly dropout: number;
  readonly targets: readonly NativeTarget[];
  /** Layers before this one get no adapters. */
  readonly firstLayer?: number;
  readonly seed: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** The largest norm of a gradient; 0 = any. */
  readonly clip?: number;
  /** Tokens of a batch, and so the most of a sample. */
  readonly maxTokens: number;
  /** Gradient checkpointing: keeps only layer inputs and recomputes the rest. Less memory, a third slower. */
  readonly checkpoints?: boolean;
  /** Gradients in single precision, even where the CPU has bfloat16. */
  readonly exact?: boolean;
}

export interface NativeStep {
  /** Mean over the counted tokens before the step, in nats. */
  readonly loss: number;
  readonly tokens: number;
  readonly counted: number;
  /** Before clipping. */
  readonly gradientNorm: number;
}

export interface NativeAdapterMatrix {
  readonly layer: number;
  readonly target: NativeTarget;
  readonly in: number;
  readonly out: number;
  /** [rank][in] */
  readonly a: Float32Array;
  /** [rank][out] */
  readonly b: Float32Array;
}

/** `ids` concatenates the samples; `counted`: whether predicting the id counts in the loss. */
export interface NativeTrainer {
  /** Type of the gradients: `float32` or `bfloat16`. */
  readonly precision: string;
  /** Number of trained parameters. */
  readonly parameters: number;
  /** One step of the optimizer. Cancelled, it changes nothing. */
  step(ids: Int32Array, lengths: Int32Array, counted: Uint8Array, learningRate: number): NativeJob<NativeStep>;
  /** `sum` and each sample's sum are in nats. */
  evaluate(
    ids: Int32Array,
    lengths: Int32Array,
    counted: Uint8Array,
  ): NativeJob<{ readonly sum: number; readonly counted: number; readonly samples: Float64Array }>;
  /** Writes a checkpoint atomically, with a note of the caller. */
  save(path: string, note: string): NativeJob<void>;
  /** Resumes from a checkpoint; resolves with its note. */
  restore(path: string): NativeJob<string>;
  /** Writes the adapter as a GGUF file. */
  export(path: string): NativeJob<void>;
  matrices(): NativeJob<NativeAdapterMatrix[]>;
  /** Frees the memory. */
  close(): NativeJob<void>;
}
