/** Entry of the lab's page. */
import '@vscode/codicons/dist/codicon.css';
import '../shared/base.css';
import '../map/map.css';
import './lab.css';
import './charts.css';
import { connectHost } from '../shared/rpc.ts';
import { LabElement } from './element.ts';
import { DataMapView } from '../map/data-map.ts';
import { LabApp } from './lab-app.ts';
import { LabHost } from './lab-host.ts';

const host = acquireVsCodeApi();
LabElement.client = new LabHost(connectHost(host), host);
customElements.define('paddock-data-map', DataMapView);
customElements.define('paddock-lab', LabApp);
