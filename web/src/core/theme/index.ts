/** Light or dark, large type, high contrast 适老化: chosen once, kept in the browser, the same on all three doors. */
import { reactive, watchEffect } from 'vue';
import { kept } from '../kept';
import './tokens.css';
import './base.css';

export interface Look {
  theme: 'system' | 'light' | 'dark';
  size: 'normal' | 'large';
  contrast: 'normal' | 'high';
}

export const look = reactive<Look>(kept<Look>('look', { theme: 'system', size: 'normal', contrast: 'normal' }).value);

/** Applies the look to the page, now and whenever it changes. */
export function applyLook(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const store = kept<Look>('look', { ...look });
  const apply = () => {
    const root = document.documentElement.dataset;
    root.theme = look.theme === 'system' ? (dark.matches ? 'dark' : 'light') : look.theme;
    root.size = look.size;
    root.contrast = look.contrast;
  };
  dark.addEventListener?.('change', apply);
  watchEffect(() => {
    apply();
    store.value = { ...look };
  });
}
