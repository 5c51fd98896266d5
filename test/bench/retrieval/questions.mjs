import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../../workbench/process.mjs';

/** Questions by repository, without those whose files are all missing. */
export function readQuestions(data, trees) {
  const folders = readdirSync(trees);
  const found = new Map();
  for (const line of readFileSync(join(data, 'qa', 'swe-qa.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)) {
    const { task_id: id, repo, question, gold_files: files } = JSON.parse(line);
    const name = repo.split('/')[1];
    const folder = folders.find((one) => one.startsWith(`${name}-`));
    if (folder === undefined) throw new StepError(`${trees} has no folder ${name}-VERSION.`);
    const tree = join(trees, folder);
    const gold = files.filter((file) => existsSync(join(tree, file)));
    if (gold.length === 0) continue;
    if (!found.has(name)) found.set(name, { name, tree, questions: [] });
    found.get(name).questions.push({ id, question, gold });
  }
  return [...found.values()];
}
