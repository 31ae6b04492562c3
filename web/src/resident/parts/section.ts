/** Which of the four sections the address asks for, so that a link leads there. */
import { SECTIONS, type Section } from '@core/section';
import { computed } from 'vue';
import { useRoute, useRouter } from 'vue-router';

export function useSection() {
  const [route, router] = [useRoute(), useRouter()];
  const section = computed(() => SECTIONS.find((one) => one === route.query.section));
  const choose = (one?: Section) => router.replace({ query: { ...route.query, section: one } });
  return { section, choose };
}
