import { Script, createContext } from 'node:vm';
import type { ChatMessage } from '../../protocol/model.ts';
import { EngineError } from '../engine/errors.ts';
import { Environment, JinjaInterpreter, parseTemplate } from './jinja.ts';
import type { RuntimeValue } from './jinja.ts';

/** The values that a model's chat template may use. The text ends where the assistant's answer begins. */
export interface TemplateInput {
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  readonly bosText: string;
  readonly eosText: string;
  /** What templates of models that may think first are told; unless it is given they are told nothing. */
  readonly enableThinking?: boolean;
}

/** The format that most small models know; stands in when a file carries no template. */
export const chatMlTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * Renders the chat template of a model file. The template is code of a stranger: its size, its steps, the size of
 * every value it makes and its time are limited. Throws `templateFailed`.
 */
export function renderTemplate(input: TemplateInput): string {
  try {
    return within(timeLimitMs, () => interpret(input));
  } catch (error) {
    throw new EngineError(
      'templateFailed',
      `The chat template of this model failed: ${why(error)}. Choose another model, or another file of this one.`,
      error,
    );
  }
}

const timeLimitMs = 1000;
/** Characters; the templates in use have a few thousand. */
const maxTemplateLength = 256 * 1024;
/** Characters of a text or items of a list, besides what the contents have. */
const maxValueSize = 64 * 1024;
/** Steps of the interpreter plus the size of what each made, besides some passes over the contents. */
const maxCost = 50_000_000;
/** How often a template may make a text of the size of all contents: a few for each message. */
const passesOverContents = 64;

function interpret(input: TemplateInput): string {
  if (input.template.length > maxTemplateLength) {
    throw new Error(`it is longer than ${maxTemplateLength} characters`);
  }
  const program = parseTemplate(input.template);
  const environment = new Environment();
  const values = {
    ...globals,
    messages: input.messages.map(({ role, content }) => ({ role, content })),
    bos_token: input.bosText,
    eos_token: input.eosText,
    add_generation_prompt: true,
    ...(input.enableThinking === undefined ? {} : { enable_thinking: input.enableThinking }),
  };
  for (const [name, value] of Object.entries(values)) {
    environment.set(name, value);
  }
  const contents = input.messages.reduce((sum, { content }) => sum + content.length, 0);
  return String(new BoundedInterpreter(environment, contents).run(program).value);
}

/** Charges every step for itself and for what it made. */
class BoundedInterpreter extends JinjaInterpreter {
  readonly #largest: number;
  #left: number;

  /** `contents`: characters of all messages. */
  constructor(environment: Environment, contents: number) {
    super(environment);
    this.#largest = maxValueSize + 2 * contents;
    this.#left = maxCost + passesOverContents * contents;
  }

  override evaluate(...parameters: Parameters<JinjaInterpreter['evaluate']>): RuntimeValue {
    this.#charge(1);
    const result = super.evaluate(...parameters);
    const { value } = result;
    if (typeof value === 'string' || Array.isArray(value)) {
      if (value.length > this.#largest) {
        throw new Error(`it made a value of more than ${this.#largest} characters or items`);
      }
      this.#charge(value.length);
    }
    return result;
  }

  #charge(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) {
      throw new Error('it did not end within the allowed steps');
    }
  }
}

/** What templates expect to find besides the conversation. */
const globals = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range: boundedRange,
  raise_exception: (message: unknown) => {
    throw new Error(String(message));
  },
  strftime_now: formatNow,
};

function boundedRange(from: number, to?: number, step = 1): number[] {
  const [start, stop] = to === undefined ? [0, from] : [from, to];
  const length = Math.ceil((stop - start) / step);
  if (!(Math.abs(length) <= maxValueSize)) {
    throw new Error(`it asked for a range of more than ${maxValueSize} items`);
  }
  return Array.from({ length: Math.max(0, length) }, (_, index) => start + index * step);
}

/** The fields of strftime that templates use for "today". */
function formatNow(format: string): string {
  const now = new Date();
  const long = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en', options).format(now);
  const two = (value: number): string => String(value).padStart(2, '0');
  const fields: Readonly<Record<string, string>> = {
    Y: String(now.getFullYear()),
    m: two(now.getMonth() + 1),
    d: two(now.getDate()),
    H: two(now.getHours()),
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    b: long({ month: 'short' }),
    B: long({ month: 'long' }),
    a: long({ weekday: 'short' }),
    A: long({ weekday: 'long' }),
    '%': '%',
  };
  return format.replace(/%(.)/gu, (whole, field: string) => fields[field] ?? whole);
}

/** Runs `work` and ends it when the time is over, even inside an endless loop. */
function within<T>(milliseconds: number, work: () => T): T {
  return new Script('work()').runInContext(createContext({ work }), { timeout: milliseconds }) as T;
}

function why(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) {
    return String(error.message);
  }
  return String(error);
}
