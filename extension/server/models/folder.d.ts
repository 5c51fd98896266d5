import type { Host } from '../host.ts';
/** Where models live: the setting, else PADDOCK_MODELS, else the platform's folder for application data. */
export declare function modelsFolder(
  host: Pick<Host, 'env' | 'platform' | 'homeFolder'>,
  setting: string | undefined,
): string;
/** Where earlier prompts are kept, unless told otherwise. */
export declare function snapshotFolder(host: Pick<Host, 'env' | 'platform' | 'homeFolder'>): string;
/**
 * Paths of the GGUF files in a folder and its subfolders, a few levels deep. Folders that cannot be read are passed
 * over.
 */
export declare function findModelFiles(folder: string, depth?: number): Promise<string[]>;
