/** Half of the program, so it is imported when something is downloaded: by these names, since it is CommonJS and has no named exports of its own. */
export { EnvHttpProxyAgent, interceptors, request } from 'undici';
