import { describe, expect, it } from 'vitest';
import { cacheOptions, settings, validateSetting, type SettingKey } from './settings.ts';

describe('validateSetting', () => {
  it('accepts its own defaults', () => {
    for (const key of Object.keys(settings) as SettingKey[]) {
      expect(validateSetting(key, settings[key].default)).toEqual(settings[key].default);
    }
  });

  it('takes the default for a value of the wrong type', () => {
    expect(validateSetting('threads', '4')).toBe(0);
    expect(validateSetting('modelsFolder', 7)).toBe('');
    expect(validateSetting('polite', 'yes')).toBe(false);
    expect(validateSetting('edits.view', 'elsewhere')).toBe('inline');
    expect(validateSetting('temperature', Number.NaN)).toBe(settings.temperature.default);
  });

  it('takes the nearest limit for a number outside of them, and whole numbers only where they are asked for', () => {
    expect(validateSetting('temperature', -1)).toBe(0);
    expect(validateSetting('temperature', 9)).toBe(2);
    expect(validateSetting('maxTokens', 1)).toBe(16);
    expect(validateSetting('threads', 2.6)).toBe(3);
  });

  it('gives the engine bytes for megabytes, and its own choice of memory for -1', () => {
    expect(cacheOptions(validateSetting('cache.memory', -5), 3)).toEqual({
      prefixCacheBytes: undefined,
      snapshotBytes: 3 * 2 ** 20,
    });
    expect(cacheOptions(0, 0)).toEqual({ prefixCacheBytes: 0, snapshotBytes: 0 });
  });

  it('takes each flag of its own', () => {
    const all = settings.codeActions.default;
    expect(validateSetting('codeActions', true)).toEqual(all);
    expect(validateSetting('codeActions', { tests: false, fix: 'no', other: true })).toEqual({ ...all, tests: false });
  });

  it('trims paths', () => {
    expect(validateSetting('modelsFolder', ' /models ')).toBe('/models');
  });
});
