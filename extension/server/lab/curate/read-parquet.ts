import { createReadStream } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { Compressors } from 'hyparquet';
import { EngineError } from '../../engine/errors.ts';
import type { Batch, ReadHooks } from './read-file.ts';

/** Rows of a Parquet file, group by group. Columns may be texts or lists of objects. */
export async function* readParquetItems(path: string, hooks: ReadHooks): AsyncGenerator<Batch> {
  let size = 0;
  // The digest needs the bytes in order, but a table is not read in order.
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    size += chunk.length;
    hooks.onBytes?.(chunk);
  }
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw new EngineError('invalidArgument', `${path} starts like a Parquet file but is damaged.`, error);
  });
  const total = Number(metadata.num_rows);
  let start = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const end = start + Number(count);
    // A group is read as a whole, since its columns are compressed as a whole.
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart: start, rowEnd: end }).catch(
      (error: unknown) => {
        throw new EngineError('invalidArgument', `${path} cannot be read from row ${start + 1} on.`, error);
      },
    );
    for (let at = 0; at < rows.length; at += rowsOfBatch) {
      const batch = rows.slice(at, at + rowsOfBatch);
      const first = start + at + 1;
      yield {
        items: batch.map((value, index) => ({ line: first + index, value: withoutBigInts(value) })),
        bytes: Math.round((size * batch.length) / total),
      };
    }
    start = end;
  }
}

const rowsOfBatch = 2048;

/** Besides Snappy, which the reader supports itself. */
const compressors: Compressors = {
  GZIP: (input) => new Uint8Array(gunzipSync(input)),
  BROTLI: (input) => new Uint8Array(brotliDecompressSync(input)),
  ZSTD: (input) => unzstd(input),
};

/** Columns of 64-bit numbers come as BigInt, which JSON has not. */
function withoutBigInts(row: Record<string, unknown>): unknown {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
  );
}
