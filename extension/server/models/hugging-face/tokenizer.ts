import { EngineError } from '../../engine/errors.ts';
import type { GgufValue } from './gguf-header.ts';
import { readJson, readText } from './json-file.ts';
import type { JsonFile } from './json-file.ts';
import { readVocabulary } from './vocabulary.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Everything under tokenizer.ggml (ggml docs, gguf.md), and the chat template: from tokenizer.json,
 * tokenizer_config.json, generation_config.json and chat_template.jinja. `rows`: of the embedding.
 */
export async function tokenizerMetadata(
  folder: string,
  config: JsonFile,
  rows: number,
): Promise<[string, GgufValue][]> {
  const file = await readJson(folder, 'tokenizer.json');
  if (file === undefined) {
    throw new EngineError(
      'notFound',
      `${folder} has no tokenizer.json. Download it too. A folder that has only tokenizer.model has a SentencePiece tokenizer, which Paddock does not support.`,
    );
  }
  const vocabulary = readVocabulary(file, rows);
  const settings = await readJson(folder, 'tokenizer_config.json');
  const generation = await readJson(folder, 'generation_config.json');
  const special = specialTokens(vocabulary, { config, settings, generation });
  const template = await chatTemplate(folder, settings);
  const id = (key: string, value: number | undefined): [string, GgufValue][] =>
    value === undefined ? [] : [[`tokenizer.ggml.${key}_token_id`, { type: 'uint32', value }]];
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: vocabulary.pre }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: vocabulary.tokens }],
    ['tokenizer.ggml.token_type', { type: 'int32s', value: vocabulary.types }],
    ['tokenizer.ggml.merges', { type: 'strings', value: vocabulary.merges }],
    ...id('bos', special.bos),
    ...id('eos', special.eos),
    ...id('padding', special.padding),
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: addsBos(file, settings, vocabulary, special.bos) }],
    ...(template === undefined
      ? []
      : [['tokenizer.chat_template', { type: 'string', value: template }] satisfies [string, GgufValue]]),
  ];
}

interface Sources {
  readonly config: JsonFile;
  readonly settings: JsonFile | undefined;
  readonly generation: JsonFile | undefined;
}

function specialTokens(vocabulary: Vocabulary, { config, settings, generation }: Sources) {
  const named = (key: string) => tokenId(vocabulary, settings?.root[key]);
  const given = (file: JsonFile | undefined, key: string) => ids(vocabulary, file?.root[key]);
  const ends = given(generation, 'eos_token_id');
  const turnEnd = named('eos_token');
  return {
    bos: named('bos_token') ?? given(generation, 'bos_token_id')[0] ?? given(config, 'bos_token_id')[0],
    // Generation may end at several tokens; the tokenizer says which of them ends an answer.
    eos:
      turnEnd !== undefined && (ends.length === 0 || ends.includes(turnEnd))
        ? turnEnd
        : (ends[0] ?? given(config, 'eos_token_id')[0]),
    padding: named('pad_token') ?? given(generation, 'pad_token_id')[0] ?? given(config, 'pad_token_id')[0],
  };
}

/** Of a token that is named by its spelling, or by an object that has it as `content`. */
function tokenId(vocabulary: Vocabulary, value: unknown): number | undefined {
  const content = typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
  return typeof content === 'string' ? vocabulary.ids.get(content) : undefined;
}

/** One id or a list of them. Some files have -1 or ids of a larger vocabulary in it, which mean none. */
function ids(vocabulary: Vocabulary, value: unknown): number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter(
    (id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabulary.tokens.length,
  );
}

/** Whether text begins with the bos token: what is said of it, else what the post-processor does. */
function addsBos(
  file: JsonFile,
  settings: JsonFile | undefined,
  vocabulary: Vocabulary,
  bos: number | undefined,
): boolean {
  const said = settings?.root['add_bos_token'];
  if (bos === undefined || typeof said === 'boolean') {
    return bos !== undefined && said === true;
  }
  const processor = file.root['post_processor'];
  const steps: unknown =
    isObject(processor) && processor['type'] === 'Sequence' ? processor['processors'] : [processor];
  return (
    Array.isArray(steps) &&
    steps.some((step) => {
      const template: unknown = isObject(step) && step['type'] === 'TemplateProcessing' ? step['single'] : undefined;
      const first: unknown = Array.isArray(template) ? template[0] : undefined;
      const special = isObject(first) ? first['SpecialToken'] : undefined;
      return isObject(special) && special['id'] === vocabulary.tokens[bos];
    })
  );
}

async function chatTemplate(folder: string, settings: JsonFile | undefined): Promise<string | undefined> {
  const file = await readText(folder, 'chat_template.jinja');
  if (file !== undefined || settings === undefined) {
    return file;
  }
  const value = settings.root['chat_template'];
  if (!Array.isArray(value)) {
    return value === undefined || value === null ? undefined : settings.text(value, 'chat_template');
  }
  const templates: readonly unknown[] = value;
  const usual = templates.find((template) => isObject(template) && template['name'] === 'default');
  return isObject(usual) ? settings.text(usual['template'], 'chat_template') : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
