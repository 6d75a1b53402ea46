/** Decodes columns of one Parquet file, a range of rows for each message: the thread of parquet.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { messageOf } from '../../support/errors.ts';
import type { DecodedColumns, ParquetJob } from './parquet-columns.ts';

const { path, columns, utf8 } = workerData as ParquetJob;

const scan = asyncBufferFromFile(path).then(async file =>
  parquetScan({ file, metadata: await parquetMetadataAsync(file), columns: [...columns], compressors, utf8 }),
);

parentPort!.on('message', async (index: number) => {
  const post = (answer: DecodedColumns): void => parentPort!.postMessage(answer);
  try {
    const { ranges, readColumn } = await scan;
    post({ columns: await Promise.all(columns.map(column => readColumn({ column, ...ranges[index] }))) });
  } catch (error) {
    post({ problem: messageOf(error) });
  }
});
