/** Imported when something is downloaded: by these names, since it is CommonJS and has no named exports of its own. */
export { Agent, ProxyAgent, request } from 'undici';
