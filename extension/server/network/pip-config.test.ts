import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePipConfig, readPipConfig } from './pip-config.ts';

test('reads options as pip does', () => {
  const text = [
    '# a comment',
    '[global]',
    'index-url = https://a.example/simple/ ',
    'timeout: 5',
    '; another',
    '  continued = nothing',
    '[install]',
    'index-url = https://not.this/',
    '[download]',
    'index_url=https://b.example/simple',
    'no value here',
  ].join('\r\n');
  expect([...parsePipConfig(text)]).toEqual([
    ['index-url', 'https://b.example/simple'],
    ['timeout', '5'],
  ]);
});

describe('finds its files', () => {
  let home = '';
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'paddock-pip-'));
    await mkdir(join(home, '.config', 'pip'), { recursive: true });
    await writeFile(
      join(home, '.config', 'pip', 'pip.conf'),
      '[global]\nindex-url = https://user.example/simple/\nproxy = http://p:1\n',
    );
    await writeFile(
      join(home, 'named.conf'),
      '[global]\nindex-url = https://named.example/simple\ncert = /etc/ca.pem\n',
    );
  });
  afterEach(() => rm(home, { recursive: true }));
  const read = (env: Record<string, string>): ReturnType<typeof readPipConfig> =>
    readPipConfig({ env, platform: 'linux', homeFolder: home });

  test('of the user', async () => {
    expect(await read({})).toMatchObject({ indexUrl: 'https://user.example/simple', proxy: 'http://p:1' });
  });
  test('named in the environment, which wins itself', async () => {
    const named = { PIP_CONFIG_FILE: join(home, 'named.conf') };
    expect(await read(named)).toEqual({
      indexUrl: 'https://named.example/simple',
      proxy: 'http://p:1',
      certificates: '/etc/ca.pem',
    });
    expect(await read({ ...named, PIP_INDEX_URL: 'https://env.example/simple' })).toMatchObject({
      indexUrl: 'https://env.example/simple',
    });
  });
  test('not when pip is told to read none', async () => {
    expect(await read({ PIP_CONFIG_FILE: '/dev/null' })).toMatchObject({ indexUrl: 'https://pypi.org/simple' });
  });
});
