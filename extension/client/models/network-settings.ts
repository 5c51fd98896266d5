import * as vscode from 'vscode';
import type { NetworkSettings } from '../../protocol/server.ts';

/** What the user or the company has set up for connections. The editor applies it to itself, not to a child process. */
export function networkSettings(): NetworkSettings {
  const http = vscode.workspace.getConfiguration('http');
  const text = (key: string): string => {
    const value: unknown = http.get(key);
    return typeof value === 'string' ? value : '';
  };
  const noProxy: unknown = http.get('noProxy');
  return {
    useProxy: text('proxySupport') !== 'off',
    proxy: text('proxy'),
    proxyAuthorization: text('proxyAuthorization'),
    noProxy: Array.isArray(noProxy) ? noProxy.filter((host) => typeof host === 'string') : [],
    strictSsl: http.get('proxyStrictSSL') !== false,
    systemCertificates: http.get('systemCertificates') !== false,
  };
}
