import { abiVersion } from '../engine/load-addon.ts';
import type {
  NativeGenerateEvent,
  NativeGenerateRequest,
  NativeGenerateResult,
  NativeInspection,
  NativeLoadOptions,
  NativeModel,
  NativeModelInfo,
  NativeModule,
} from '../engine/binding.ts';

/** Stands in for the engine in unit tests, and only there: one token per UTF-16 unit, answers by script. */
export interface FakeScript {
  readonly info?: Partial<NativeModelInfo>;
  readonly inspection?: Partial<NativeInspection>;
  readonly totalMemory?: number;
  readonly availableMemory?: number;
  /** The answer to a prompt; it is streamed in pieces of `pieceLength`. */
  readonly answer?: (prompt: string, request: NativeGenerateRequest) => string;
  readonly pieceLength?: number;
  /** ln p of each token, when likelihoods are asked for. */
  readonly likelihood?: number;
  readonly loadError?: Error & { code?: string };
  /** Control tokens besides ChatML's. */
  readonly controlTokens?: readonly string[];
}

const chatmlTokens = ['<|im_start|>', '<|im_end|>', '<|endoftext|>'];
const firstControlId = 0x10000;

export function fakeNative(script: FakeScript = {}): NativeModule & {
  readonly requests: NativeGenerateRequest[];
  readonly loadOptions: NativeLoadOptions[];
  unloaded: number;
  cleared: number;
} {
  const requests: NativeGenerateRequest[] = [];
  const controls = [...chatmlTokens, ...(script.controlTokens ?? [])];
  const info = { ...defaultInfo, ...script.info };
  const native = {
    abiVersion,
    quantizeTypes: [],
    quantize: () => ({ result: Promise.reject(new Error('not made for this')), cancel: () => {} }),
    requests,
    unloaded: 0,
    cleared: 0,
    loadOptions: [] as NativeLoadOptions[],
    systemInfo: () => ({
      cpuFeatures: [],
      availableKernels: ['scalar'],
      physicalCores: 2,
      totalMemory: script.totalMemory ?? 16 * 2 ** 30,
      availableMemory: script.availableMemory ?? 8 * 2 ** 30,
      defaultPrefixCache: 2 ** 29,
    }),
    hold: () => {},
    inspect: (): NativeInspection => ({ ...defaultInspection, ...script.inspection }),
    loadModel: (path: string, options: NativeLoadOptions, onProgress: (fraction: number) => void) => {
      native.loadOptions.push(options);
      onProgress(0.5);
      const model = fakeModel({ ...info, path }, controls, script, requests, {
        onUnload: () => (native.unloaded += 1),
        onClear: () => (native.cleared += 1),
      });
      return { result: script.loadError ? Promise.reject(script.loadError) : Promise.resolve(model), cancel: () => {} };
    },
  };
  return native;
}

function fakeModel(
  info: NativeModelInfo,
  controls: readonly string[],
  script: FakeScript,
  requests: NativeGenerateRequest[],
  { onUnload, onClear }: { onUnload: () => void; onClear: () => void },
): NativeModel {
  const tokenize = (text: string | Uint8Array, special: boolean): Int32Array => {
    const string = typeof text === 'string' ? text : new TextDecoder().decode(text);
    const ids: number[] = [];
    for (let at = 0; at < string.length; at += 1) {
      const control = special ? controls.findIndex((token) => string.startsWith(token, at)) : -1;
      if (control >= 0) {
        ids.push(firstControlId + control);
        at += (controls[control] ?? '').length - 1;
      } else {
        ids.push(string.charCodeAt(at));
      }
    }
    return Int32Array.from(ids);
  };
  return {
    info,
    tokenize,
    detokenize: (ids) => new TextEncoder().encode(fakeText(ids, controls)),
    tokenId: (text) => {
      const index = controls.indexOf(text);
      return index < 0 ? undefined : firstControlId + index;
    },
    generate: (request, onEvent) => {
      requests.push(request);
      let cancelled = false;
      const own = script.answer?.(fakeText(request.prompt, controls), request) ?? 'answer';
      const answer = (request.opening ?? '') + own;
      const made = stream(answer, request, onEvent, () => cancelled, script.pieceLength ?? 4);
      const result = made.then((one) =>
        request.likelihoods === true && script.likelihood !== undefined
          ? { ...one, likelihoods: new Float64Array(one.tokens.length).fill(script.likelihood) }
          : one,
      );
      return { result, cancel: () => (cancelled = true) };
    },
    score: (ids, first = 0) => ({
      result: Promise.resolve(new Float64Array(ids.length - 1 - first).fill(1)),
      cancel: () => {},
    }),
    predict: () => ({ result: Promise.reject(new Error('not made for this')), cancel: () => {} }),
    compare: () => ({ result: Promise.reject(new Error('not made for this')), cancel: () => {} }),
    observe: () => ({ result: Promise.resolve(), cancel: () => {} }),
    saveImportance: () => ({ result: Promise.resolve(), cancel: () => {} }),
    bench: () => ({
      result: Promise.resolve({
        rows: [],
        readBandwidth: 1,
        readBandwidthMedian: 1,
        int8Peak: 1,
        int8PeakMedian: 1,
        weightBytesPerToken: 1,
        layerWeights: 1,
      }),
      cancel: () => {},
    }),
    train: () => ({ result: Promise.reject(new Error('not made for this')), cancel: () => {} }),
    trainingNeed: () => ({ pass: 1, optimizer: 1 }),
    clearCache: () => ({ result: Promise.resolve(onClear()), cancel: () => {} }),
    unload: () => Promise.resolve(onUnload()),
  };
}

/** What the ids stand for, control tokens spelled out. */
export function fakeText(ids: Int32Array, controls: readonly string[] = chatmlTokens): string {
  return Array.from(ids, (id) =>
    id >= firstControlId ? (controls[id - firstControlId] ?? '?') : String.fromCharCode(id),
  ).join('');
}

async function stream(
  answer: string,
  request: NativeGenerateRequest,
  onEvent: (event: NativeGenerateEvent) => void,
  isCancelled: () => boolean,
  pieceLength: number,
): Promise<NativeGenerateResult> {
  const total = request.prompt.length;
  await tick();
  onEvent({ type: 'prefill', done: total, total, cached: 0 });
  const stopAt = request.stop.map((stop) => answer.indexOf(stop)).filter((at) => at >= 0);
  const whole = answer.slice(0, Math.min(answer.length, ...stopAt));
  const limit = request.maxTokens > 0 ? request.maxTokens : whole.length;
  let text = '';
  while (text.length < Math.min(whole.length, limit) && !isCancelled()) {
    const piece = whole.slice(text.length, Math.min(text.length + pieceLength, limit));
    text += piece;
    onEvent({ type: 'text', text: piece, tokens: text.length });
    await tick();
  }
  const finishReason = isCancelled() ? 'cancelled' : text.length < whole.length ? 'length' : 'stop';
  return {
    text,
    tokens: Int32Array.from(text, (char) => char.charCodeAt(0)),
    finishReason,
    promptTokens: total,
    cachedTokens: 0,
    draftedTokens: 0,
    acceptedTokens: 0,
    prefillMs: 10,
    decodeMs: 10,
  };
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const defaultMemory = { weights: 2 ** 20, kvCache: 2 ** 20, scratch: 2 ** 20, prefixCache: 0, total: 3 * 2 ** 20 };

const defaultInfo: NativeModelInfo = {
  path: '/models/fake.gguf',
  name: 'Fake',
  architecture: 'llama',
  parameters: 1000,
  quantization: 'Q4_0',
  contextLength: 4096,
  trainedContextLength: 4096,
  vocabularySize: firstControlId + 16,
  memory: defaultMemory,
  kernels: 'scalar',
  threads: 1,
  requestedThreads: 0,
  decodeThreads: 1,
  prefillThreads: 1,
  compactCache: false,
  exact: false,
  chatTemplate: undefined,
  bosToken: undefined,
  eosToken: firstControlId + 1,
  bosText: '',
  eosText: '<|im_end|>',
  addBos: false,
  endTokens: [firstControlId + 1],
};

const defaultInspection: NativeInspection = {
  fileBytes: 2 ** 20,
  version: 3,
  architecture: 'llama',
  parameters: 1000,
  quantization: 'Q4_0',
  trainedContextLength: 4096,
  metadata: {},
  tensors: [],
  memory: defaultMemory,
  unsupported: undefined,
  contextLength: 4096,
};
