import { texts } from '@core/text';
import { en } from './en';
import { zh } from './zh';

/** Words of the console. */
export const t = texts(zh, en);
