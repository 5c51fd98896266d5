/** Entry of the chat view's page. */
import '@vscode/codicons/dist/codicon.css';
import '../shared/base.css';
import './chat.css';
import './messages.css';
import './models.css';
import '../shared/markdown.css';
import { connectHost } from '../shared/rpc.ts';
import { ChatApp } from './chat-app.ts';
import { ChatElement } from './element.ts';
import { HostClient } from './host-client.ts';

const host = acquireVsCodeApi();
ChatElement.client = new HostClient(connectHost(host), host);
customElements.define('paddock-chat', ChatApp);
