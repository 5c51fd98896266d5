import type { CurateRecord } from '../record.ts';

/** One question and its answer. */
export function record(prompt: string, answer: string): CurateRecord {
  return {
    id: '1',
    source: 's',
    messages: [
      { role: 'user', content: prompt },
      { role: 'assistant', content: answer },
    ],
    meta: {},
  };
}
