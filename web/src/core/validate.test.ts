import { expect, test } from 'vitest';
import { isPhone } from './validate';

test.each(['13800138000', '138 0013 8000', '+86 13800138000', '0755-25501234', '25501234'])(
  '%s is a phone number',
  (text) => {
    expect(isPhone(text)).toBe(true);
  },
);
test.each(['', '123', '1380013800', 'abc', '138001380000', '110'])('%s is none', (text) => {
  expect(isPhone(text)).toBe(false);
});
