/** Imported when a wheel is unpacked: by this name, since it is CommonJS and has no named exports of its own. */
export { openPromise } from 'yauzl';
