/** The four sections of the platform, and which of them the address asks for. */
import { computed } from 'vue';
import { useRoute, useRouter } from 'vue-router';

export const SECTIONS = ['party', 'convenience', 'business', 'public_good'] as const;
export type Section = (typeof SECTIONS)[number];

export function useSection() {
  const [route, router] = [useRoute(), useRouter()];
  const section = computed(() => SECTIONS.find((one) => one === route.query.section));
  const choose = (one?: Section) => router.replace({ query: { ...route.query, section: one } });
  return { section, choose };
}
