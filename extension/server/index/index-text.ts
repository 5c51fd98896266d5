/** Makes the record of a file from its text. */
import type { OutlineItem } from '../syntax/outline.ts';
import { chunksOf } from './chunks.ts';
import { docLines } from './doc-lines.ts';
import { FileRecord, RecordBuilder, fields } from './record.ts';
import type { Field } from './record.ts';
import { hashOf, termsOf } from './terms.ts';
import type { TimeSlices } from '../../base/time-slices.ts';
import type { FoundFile } from './walk.ts';

/** The rest of a longer line is treated as data and not indexed. */
const longestLine = 1000;
/** Code with longer lines on average is minified or generated. */
const longestMeanLine = 500;

export interface TextToIndex {
  readonly file: FoundFile;
  readonly text: string;
  readonly items: readonly OutlineItem[] | undefined;
  /** Hashes of the paths that the file imports. */
  readonly imports: readonly number[];
}

export async function indexText({ file, text, items, imports }: TextToIndex, slices: TimeSlices): Promise<FileRecord> {
  const lines = text.split('\n');
  if (isOfMachine(file.path, text, lines.length)) return emptyRecord(file);
  const isDoc = docLines(file.path, lines);
  const builder = new RecordBuilder();
  const add = (words: string, field: Field): void => {
    for (const term of termsOf(words)) builder.addTerm(hashOf(term), field);
  };
  await slices.pause();
  const chunks = chunksOf(file.path, text, items);
  await slices.pause();
  for (const chunk of chunks) {
    builder.addChunk(chunk);
    if (chunk.symbol !== undefined) add(chunk.symbol, fields.symbol);
    for (const name of chunk.names) add(name, fields.symbol);
    for (let index = chunk.startLine - 1; index < chunk.endLine; index++) {
      add((lines[index] ?? '').slice(0, longestLine), isDoc[index] === true ? fields.doc : fields.body);
    }
    await slices.pause();
  }
  // `secret-file.ts` also gives the compound `secretFile`.
  add(file.path.replace(/\.\w+$/u, '').replaceAll('-', '_'), fields.path);
  const record = builder.build(file, imports);
  await slices.pause();
  return record;
}

/** Remembers a file with nothing to search, so that it is not read again until it changes. */
export function emptyRecord(file: FoundFile): FileRecord {
  return new FileRecord({ ...file, symbols: '' }, new Uint32Array(8));
}

function isOfMachine(path: string, text: string, lineCount: number): boolean {
  return text.length / lineCount > longestMeanLine && !/\.(?:md|mdx|markdown|rst|txt)$/iu.test(path);
}
