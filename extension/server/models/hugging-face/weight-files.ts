import { join } from 'node:path';
import { EngineError } from '../../engine/errors.ts';
import { pathExists } from '../../path-exists.ts';
import { quoted, readJson } from './json-file.ts';
import type { JsonFile } from './json-file.ts';
import { readSafetensors } from './safetensors.ts';
import type { StoredTensor } from './safetensors.ts';

const whole = 'model.safetensors';
const index = 'model.safetensors.index.json';

/** All tensors of the folder by their names. Each name is there once. */
export async function readWeightFiles(folder: string): Promise<ReadonlyMap<string, StoredTensor>> {
  if (await pathExists(join(folder, whole))) {
    return collect([await readSafetensors(join(folder, whole))]);
  }
  const file = await readJson(folder, index);
  if (file === undefined) {
    throw new EngineError(
      'notFound',
      `${folder} has no weights: there is neither ${whole} nor ${index} in it. Download the model in safetensors format, all files of it.`,
    );
  }
  const places = weightMap(file);
  const shards: StoredTensor[][] = [];
  for (const name of new Set(places.values())) {
    shards.push(await readSafetensors(join(folder, name)));
  }
  const tensors = collect(shards);
  for (const [name, shard] of places) {
    if (tensors.get(name)?.file !== join(folder, shard)) {
      throw file.wrong(`weight_map says that ${quoted(name)} is in ${shard}, which`, 'it is not');
    }
  }
  return tensors;
}

/** Tensor -> name of a file in the same folder. */
function weightMap(file: JsonFile): ReadonlyMap<string, string> {
  const entries = Object.entries(file.object(file.root['weight_map'], 'weight_map'));
  const places = new Map(
    entries.map(([tensor, value]) => {
      const name = file.text(value, 'each of weight_map');
      // A name with a folder in it could lead anywhere.
      if (!/^[\w.-]+\.safetensors$/u.test(name)) {
        throw file.wrong(`weight_map names ${quoted(name)}, which`, 'must be the plain name of a .safetensors file');
      }
      return [tensor, name] as const;
    }),
  );
  if (new Set(places.values()).size > mostShards) {
    throw file.wrong('weight_map', `names more than ${mostShards} files`);
  }
  return places;
}

const mostShards = 1000;

function collect(files: readonly (readonly StoredTensor[])[]): ReadonlyMap<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const tensor of files.flat()) {
    const other = tensors.get(tensor.name);
    if (other !== undefined) {
      throw new EngineError(
        'invalidModel',
        `The tensor ${quoted(tensor.name)} is in ${other.file} and again in ${tensor.file}. Download the model again.`,
      );
    }
    tensors.set(tensor.name, tensor);
  }
  return tensors;
}
