/**
 * Words of the interface: Chinese first, English complete. Each door has its own words; an English text that lacks a
 * key does not compile, since its type is the Chinese one's.
 */
import { type ComputedRef, computed, watchEffect } from 'vue';
import { kept } from '../kept';
import { en } from './en';
import { zh } from './zh';

export type Language = 'zh' | 'en';

/** The reader's language: what they chose, else what the browser asks for, else Chinese. */
export const language = kept<Language>('language', navigatorLanguage());

function navigatorLanguage(): Language {
  const wanted = globalThis.navigator?.language ?? 'zh';
  return wanted.startsWith('en') ? 'en' : 'zh';
}

/** Words in the reader's language. */
export function texts<T>(chinese: T, english: NoInfer<T>): ComputedRef<T> {
  return computed(() => (language.value === 'zh' ? chinese : english));
}

/** Words that all doors share. */
export const common = texts(zh, en);

/** A name that policy or organisation gives in both languages. */
export function named(name: { zh: string; en: string } | undefined | null, otherwise = ''): string {
  return name ? name[language.value] || name.zh : otherwise;
}

/** Tells the page its language, now and whenever it changes. */
export function applyLanguage(title: () => string): void {
  watchEffect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
    document.title = title();
  });
}
