import * as vscode from 'vscode';
import type { NetworkSettings } from '../../protocol/server.ts';

/** The network settings of the user or the company. VS Code applies them to itself, but not to a child process. */
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
