/**
 * Small stand-ins for the data that the lab's road begins with; made here, since nobody's data is in the repository.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const animals = ['otter', 'heron', 'badger', 'lynx', 'marten', 'kestrel', 'newt', 'hare', 'osprey', 'vole'];
const places = [
  'a quiet river',
  'the old harbour',
  'a field of rye',
  'the northern woods',
  'a stony beach',
  'the moor',
];
const habits = ['hunts alone at dusk', 'sleeps through the winter', 'raises two young a year', 'travels far for food'];

/** The names that `paddock reproduce gpt4all` looks for. */
export async function writeLabData(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const seeds = Array.from({ length: 40 }, (_, index) => task(`seed_task_${index}`, index));
  const tasks = Array.from({ length: 12 }, (_, index) => task(`user_oriented_task_${index}`, 1000 + 7 * index));
  const p3 = Array.from({ length: 80 }, (_, index) => ({
    prompt: `Review: I bought the number ${index} lamp and it ${index % 3 === 0 ? 'broke' : 'works'}. Is this review positive or negative?`,
    response: index % 3 === 0 ? 'Negative' : 'Positive',
    source: 'p3',
  }));
  await writeLines(join(folder, 'seed_tasks.jsonl'), seeds);
  await writeLines(join(folder, 'user_oriented_instructions.jsonl'), tasks);
  await writeLines(join(folder, 'p3_sample.jsonl'), p3);
}

function task(id: string, number: number) {
  const animal = pick(animals, number);
  const place = pick(places, Math.floor(number / 2));
  const habit = pick(habits, Math.floor(number / 3));
  const questions = [
    [
      `Write a sentence about a ${animal} near ${place}.`,
      `Near ${place} lives a ${animal} that ${habit}, entry ${number}.`,
    ],
    [
      `Say in other words: the ${animal} ${habit}.`,
      `What the ${animal} does is well known: it ${habit}. See note ${number}.`,
    ],
    [
      `How many letters has the word ${animal}, plus ${number}?`,
      `The word has ${animal.length} letters, which gives ${animal.length + number}.`,
    ],
  ] as const;
  const [instruction, output] = pick(questions, number);
  return { id, name: id, instruction, instances: [{ input: '', output }], is_classification: false };
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}

async function writeLines(path: string, values: readonly unknown[]): Promise<void> {
  await writeFile(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}
