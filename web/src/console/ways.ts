/** How one may sign in here; asked once. */

import { api, type components, take } from '@core/api';
import { shallowRef } from 'vue';

export const ways = shallowRef<components['schemas']['Ways']>();
take(api.GET('/api/v1/sessions/ways')).then(
  (found) => {
    ways.value = found;
  },
  () => undefined,
);
