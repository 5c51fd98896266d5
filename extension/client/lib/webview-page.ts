/** The document of a webview. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pagePolicy } from './page-policy.ts';

export interface WebviewPage {
  /** Its bundles are `<name>.js` and `<name>.css`, its one element is `<paddock-name>`. */
  readonly name: string;
  readonly title: string;
}

/** Shows the page. Its requests must have handlers already. */
export function showPage(webview: vscode.Webview, extensionUri: vscode.Uri, { name, title }: WebviewPage): void {
  const root = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  webview.options = { enableScripts: true, localResourceRoots: [root] };
  const nonce = randomBytes(16).toString('base64');
  const script = webview.asWebviewUri(vscode.Uri.joinPath(root, `${name}.js`)).toString();
  const style = webview.asWebviewUri(vscode.Uri.joinPath(root, `${name}.css`)).toString();
  const policy = pagePolicy({ nonce, source: webview.cspSource });
  webview.html = `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${style}">
  <title>${title}</title>
</head>
<body>
  <paddock-${name}></paddock-${name}>
  <script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
