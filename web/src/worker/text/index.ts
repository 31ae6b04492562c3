import { texts } from '@core/text';
import { en } from './en';
import { zh } from './zh';

/** Words of the grid worker's pages. */
export const t = texts(zh, en);
