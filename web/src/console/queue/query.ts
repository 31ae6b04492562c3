/** What a queue shows, as it stands in the address: so that it can be shared, saved, and found again with 'back'. */

import type { operations } from '@core/api';
import type { LocationQuery } from 'vue-router';

type Asked = NonNullable<operations['cases_list']['parameters']['query']>;

export const ORDERS = ['due', 'newest'] as const;
const KEYS = [
  'order',
  'state',
  'class',
  'category',
  'channel',
  'mark',
  'desk',
  'unit',
  'lead',
  'due_within_minutes',
] as const;

/** The request for an address. Keys that we do not know are left out; the server refuses wrong values. */
export function asked(query: LocationQuery): Asked {
  const given: Record<string, string> = {};
  for (const key of KEYS) {
    const value = query[key];
    if (typeof value === 'string' && value !== '') given[key] = value;
  }
  const { due_within_minutes: minutes, ...rest } = given;
  return { ...(rest as Asked), ...(minutes === undefined ? {} : { due_within_minutes: Number(minutes) }) };
}

/** Whether anything is filtered beside order and desk. */
export function isFiltered(query: LocationQuery): boolean {
  return KEYS.some((key) => key !== 'order' && key !== 'desk' && query[key]);
}
