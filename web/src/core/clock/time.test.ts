import { describe, expect, it } from 'vitest';
import { forInput, fromInput, startOfDay, timeOf, useZone } from './time';

describe('times of the policy’s zone', () => {
  it.each([
    ['Asia/Shanghai', '2026-11-23T15:59:59Z', '2026-11-23T23:59', '2026-11-22T16:00:00.000Z'],
    ['Asia/Shanghai', '2026-11-23T16:00:00Z', '2026-11-24T00:00', '2026-11-23T16:00:00.000Z'],
    // The hour that a zone takes away and gives back.
    ['Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-29T12:00', '2026-03-28T23:00:00.000Z'],
    ['Europe/Berlin', '2026-10-25T10:00:00Z', '2026-10-25T11:00', '2026-10-24T22:00:00.000Z'],
  ])('in %s at %s', (zone, at, shown, begun) => {
    useZone(zone);
    expect(forInput(Date.parse(at))).toBe(shown);
    expect(timeOf(at)).toBe(shown.slice(11));
    expect(new Date(startOfDay(Date.parse(at))).toISOString()).toBe(begun);
    expect(fromInput(shown)).toBe(new Date(Math.floor(Date.parse(at) / 60_000) * 60_000).toISOString());
  });

  it('leaves what is no time for the server to refuse', () => {
    expect(fromInput('soon')).toBe('soon');
  });
});
