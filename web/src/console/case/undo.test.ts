import type { Case } from '@core/api';
import { expect, test } from 'vitest';
import { inverse } from './undo';

const before = {
  class: 'fast',
  category: 'noise.shop',
  marks: ['complex'],
  title: 'a',
  text: 'b',
  place: { address: 'x' },
  complained_about: null,
} as unknown as Case;

test('an act is undone by what was there before', () => {
  const classed = { ...before, class: 'urgent', category: 'gas.leak', marks: [] } as unknown as Case;
  expect(inverse('classify', before, classed)).toEqual({
    class: 'fast',
    category: 'noise.shop',
    marks: ['complex'],
    note: '',
  });
  const corrected = { ...before, title: 'c', place: { address: 'y' } } as unknown as Case;
  expect(inverse('correct', before, corrected)).toEqual({ title: 'a', place: { address: 'x' } });
});

test('what cannot be taken back offers no undo', () => {
  expect(inverse('correct', before, before)).toBeUndefined();
  expect(inverse('classify', { ...before, class: null } as unknown as Case, before)).toBeUndefined();
  expect(inverse('dispatch', before, before)).toBeUndefined();
});
