/** `paddock complete --file F --offset N`: what the editor would show there. */
import { completeCode } from '../server/complete/completion.ts';
import { EngineError } from '../server/engine/errors.ts';
import { languageOf } from '../server/syntax/grammars.ts';
import { readInput } from './input.ts';
import { loadModel } from './model.ts';
import { UsageError, commonOptions, requiredText, wholeNumber } from './verb.ts';
import type { OptionValues, Terminal } from './verb.ts';

export async function completeAt(terminal: Terminal, values: OptionValues): Promise<void> {
  const file = requiredText(values, 'file');
  const path = values['path'] === undefined ? file : requiredText(values, 'path');
  requiredText(values, 'offset');
  const offset = wholeNumber(values, 'offset', 0);
  const code = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await readInput(file));
  if (offset > code.length) {
    throw new UsageError(`--offset is ${offset}, and ${path} has ${code.length} UTF-16 units.`);
  }
  const [prefix, suffix] = [code.slice(0, offset), code.slice(offset)];
  const { engine } = await loadModel(terminal, commonOptions(values));
  const completion = await engine.run(terminal.signal, (model, signal) =>
    completeCode(model, { path, languageId: languageOf(path), prefix, suffix, others: [] }, signal),
  );
  if (values['json'] === true) terminal.out(`${JSON.stringify({ ...completion, context: [] })}\n`);
  else terminal.out(`${completion.text}\n`);
  if (completion.finishReason === 'cancelled') throw new EngineError('cancelled', 'Stopped.');
}
