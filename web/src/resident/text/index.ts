import { texts } from '@core/text';
import { en } from './en';
import { zh } from './zh';

/** Words of the resident's pages. */
export const t = texts(zh, en);
