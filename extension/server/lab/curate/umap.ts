/**
 * Large and rarely needed, so it is imported on demand: by this name, since it is CommonJS and has no named exports of
 * its own.
 */
export { UMAP } from 'umap-js';
