/** What the address of a page asks for, as text. */

import { useRoute } from 'vue-router';

/** Gives what stands under a key of the address, or else what is usual. */
export function useAsked(): (key: string, usual?: string) => string {
  const route = useRoute();
  return (key, usual = '') => {
    const value = route.query[key];
    return typeof value === 'string' ? value : usual;
  };
}
