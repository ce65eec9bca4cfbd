import { afterEach, describe, expect, it } from 'vitest';
import { createNodeSession } from '../../../src/session/nodeSession.js';
import type { TraceSession } from '../../../src/session/session.js';
import { plainSql } from '../formats/reading.js';

const ROCPD = 'test/fixtures/rocpd';
const MERGED = `${ROCPD}/merged_3.0.2.db`;
const RPD = 'test/fixtures/rpd/serving.rpd';

let session: TraceSession | undefined;
afterEach(async () => {
  await session?.close();
  session = undefined;
});

async function values(files: readonly string[], sql: string): Promise<readonly unknown[]> {
  session = createNodeSession();
  await session.open(files);
  return (await session.query({ sql })).rows.flat();
}

describe('SQL over AMD traces', () => {
  it('has the views of every format beside the file’s own tables and views', async () => {
    const second = '_00004abc_1111_2222_3333_444455556666';
    const own = `(SELECT count(*) FROM "rocpd_kernel_dispatch${second}"), (SELECT count(*) FROM main.kernels)`;
    const [[table, view]] = await plainSql(MERGED, `SELECT ${own}`);
    expect(
      await values(
        [MERGED],
        `SELECT (SELECT count(*) FROM kernels), ${own}, grid_x FROM kernels LIMIT 1`,
      ),
    ).toEqual([59, table, view, 4]);
    expect(
      await values(
        [RPD],
        'SELECT (SELECT count(*) FROM kernels), (SELECT count(*) FROM main.kernel)',
      ),
    ).toEqual([11, 6]);
  });

  it('finds events of the GPU under the name people paste, whatever the file calls so', async () => {
    const sql = `SELECT name, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us) FROM events
      WHERE source='cuda' AND kind='kernel' GROUP BY name`;
    expect(await values([`${ROCPD}/tracks_4.1.db`], sql)).toEqual(['kernel_of_4', 1.5]);
    expect(await values([`${ROCPD}/tracks_4.1.db`], 'SELECT count(*) FROM main.events')).toEqual([
      5,
    ]);
  });

  it('holds the ranks of several files', async () => {
    const files = [901, 902].map((pid) => `${ROCPD}/process_${pid}.db`);
    expect(
      await values(files, 'SELECT rank_id, count(*), count(launch_id) FROM kernels GROUP BY 1'),
    ).toEqual([0, 6, 6, 1, 6, 6]);
  });

  it('knows copies as such by the names rocprofv3 gives them', async () => {
    const sql =
      "SELECT DISTINCT layer_type FROM memory_ops WHERE name = 'MEMORY_COPY_HOST_TO_DEVICE'";
    expect(await values([MERGED], sql)).toEqual(['memcpy']);
  });

  it('knows ranges by the threads of their process', async () => {
    expect(
      await values(
        [MERGED],
        "SELECT DISTINCT process FROM ranges WHERE name = 'step 7' ORDER BY process",
      ),
    ).toEqual([700, 701]);
  });
});
