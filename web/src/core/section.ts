/** The four sections of the neighbourhood platform, in the order in which they are shown. */
import type { components } from './api';

export type Section = components['schemas']['Section'];
export const SECTIONS = ['party', 'convenience', 'business', 'public_good'] as const satisfies readonly Section[];
