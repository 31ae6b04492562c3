import type { Line } from '@core/api';
import { expect, test } from 'vitest';
import { renewed } from './rows';

const line = (id: string, version = 1) => ({ id, version }) as Line;
const row = (id: string) => ({ line: line(id), gone: false });

test('rows stay where they are while answers come in', () => {
  const { shown, fresh } = renewed([row('b'), row('a')], [line('c'), line('a', 2), line('b', 2)]);
  expect(shown.map((one) => [one.line.id, one.line.version, one.gone])).toEqual([
    ['b', 2, false],
    ['a', 2, false],
  ]);
  expect(fresh.map((one) => one.id)).toEqual(['c']);
});

test('a row that is no longer asked for stays, marked', () => {
  const { shown } = renewed([row('a'), row('b')], [line('b')]);
  expect(shown.map((one) => one.gone)).toEqual([true, false]);
});
