/**
 * pip's configuration on this machine, read as data: pip itself is never run. Files and order follow pip's
 * documentation ("Configuration"): machine, user, PIP_CONFIG_FILE; the environment wins.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../host.ts';

export interface PipConfig {
  /** Of the simple repository API, without a slash at the end. May hold user and password. */
  readonly indexUrl: string;
  readonly proxy: string | undefined;
  /** A file of certificates that are trusted for the index. */
  readonly certificates: string | undefined;
}

export async function readPipConfig(host: Pick<Host, 'env' | 'platform' | 'homeFolder'>): Promise<PipConfig> {
  const values = new Map<string, string>();
  for (const path of configFiles(host)) {
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const [key, value] of parsePipConfig(text)) {
      values.set(key, value);
    }
  }
  const valueOf = (key: string): string | undefined =>
    host.env[`PIP_${key.toUpperCase().replaceAll('-', '_')}`]?.trim() || values.get(key) || undefined;
  return {
    indexUrl: (valueOf('index-url') ?? 'https://pypi.org/simple').replace(/\/+$/u, ''),
    proxy: valueOf('proxy'),
    certificates: valueOf('cert'),
  };
}

/** The options that count for `pip download`: those of the section [download] win over [global]. */
export function parsePipConfig(text: string): ReadonlyMap<string, string> {
  const sections = { global: new Map<string, string>(), download: new Map<string, string>() };
  let section: Map<string, string> | undefined;
  for (const line of text.slice(0, maxChars).split(/\r?\n/u)) {
    const name = /^\[([^\]]*)\]\s*$/u.exec(line)?.[1];
    const separator = line.search(/[=:]/u);
    if (name !== undefined) {
      section = name === 'global' || name === 'download' ? sections[name] : undefined;
    } else if (section !== undefined && separator > 0 && !/^[\s#;]/u.test(line)) {
      // pip takes `index_url` and `index-url` for the same.
      const key = line.slice(0, separator).trim().toLowerCase().replaceAll('_', '-');
      section.set(key, line.slice(separator + 1).trim());
    }
  }
  return new Map([...sections.global, ...sections.download]);
}

/** No configuration is longer; what stands behind is not read. */
const maxChars = 1 << 20;

function configFiles({ env, platform, homeFolder }: Pick<Host, 'env' | 'platform' | 'homeFolder'>): string[] {
  const chosen = env['PIP_CONFIG_FILE']?.trim();
  if (chosen === '/dev/null' || chosen?.toLowerCase() === 'nul') {
    return [];
  }
  const last = chosen ? [chosen] : [];
  if (platform === 'win32') {
    const { ProgramData = String.raw`C:\ProgramData`, APPDATA = join(homeFolder, 'AppData', 'Roaming') } = env;
    return [
      join(ProgramData, 'pip', 'pip.ini'),
      join(homeFolder, 'pip', 'pip.ini'),
      join(APPDATA, 'pip', 'pip.ini'),
      ...last,
    ];
  }
  const legacy = join(homeFolder, '.pip', 'pip.conf');
  const own = join(env['XDG_CONFIG_HOME'] || join(homeFolder, '.config'), 'pip', 'pip.conf');
  if (platform === 'darwin') {
    const support = (folder: string): string => join(folder, 'Library', 'Application Support', 'pip', 'pip.conf');
    return [support('/'), legacy, own, support(homeFolder), ...last];
  }
  return ['/etc/xdg/pip/pip.conf', '/etc/pip.conf', legacy, own, ...last];
}
