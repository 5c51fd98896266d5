/** The page of the chat view. Everything it may load is named by its content security policy; the net is not. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export function chatPage(webview: vscode.Webview, root: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const script = webview.asWebviewUri(vscode.Uri.joinPath(root, 'chat.js')).toString();
  const style = webview.asWebviewUri(vscode.Uri.joinPath(root, 'chat.css')).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${style}">
  <title>Paddock</title>
</head>
<body>
  <paddock-chat></paddock-chat>
  <script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
