/** Entry of the page that stands alone: the map, and the ids of chosen records for `paddock curate --drop-ids`. */
import './map.css';
import './page.css';
import { dataMap } from '../../extension/protocol/data-map.ts';
import { DataMapView, type ChooseEvent } from './data-map.ts';

customElements.define('paddock-data-map', DataMapView);
const view = document.querySelector<DataMapView>('paddock-data-map');
const data = document.querySelector('#data')?.textContent;
const ids = document.querySelector<HTMLTextAreaElement>('#ids');
const list = document.querySelector<HTMLElement>('#list');
if (view !== null && data !== null && data !== undefined) view.data = dataMap(JSON.parse(data), 'the map');
view?.addEventListener('choose', (event) => {
  if (ids === null || list === null) return;
  list.hidden = false;
  ids.value = (event as ChooseEvent).detail.ids.join('\n');
  ids.focus();
  ids.select();
});
