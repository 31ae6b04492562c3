import { expect, test } from 'vitest';
import { length, metres, type Stop, walk } from './walk';

const stop = (id: string, east: number, north: number): Stop => ({
  id,
  lon: 114.12 + east / 1e4,
  lat: 22.54 + north / 1e4,
});

/** Every order of the rest, after the first. */
function shortest([first, ...rest]: Stop[]): number {
  if (!first) return 0;
  const orders = (of: Stop[]): Stop[][] =>
    of.length
      ? of.flatMap((one, at) => orders(of.filter((_, index) => index !== at)).map((more) => [one, ...more]))
      : [[]];
  return Math.min(...orders(rest).map((order) => length([first, ...order])));
}

test('a way begins where one stands, meets every spot once, and is hardly longer than the shortest', () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  for (let round = 0; round < 30; round += 1) {
    const stops = Array.from({ length: 7 }, (_, index) => stop(String(index), random() * 90, random() * 90));
    const way = walk(stops);
    expect(way[0]).toEqual(stops[0]);
    expect(way.map((one) => one.id).sort()).toEqual(stops.map((one) => one.id));
    expect(length(way)).toBeLessThanOrEqual(shortest(stops) * 1.15);
  }
});

test('a row of houses is walked along, and nothing is no way', () => {
  const row = [0, 50, 10, 40, 20, 30].map((east) => stop(String(east), east, 0));
  expect(walk(row).map((one) => one.id)).toEqual(['0', '10', '20', '30', '40', '50']);
  expect([walk([]), length([])]).toEqual([[], 0]);
  expect(metres(stop('a', 0, 0), stop('b', 0, 10))).toBeCloseTo(111.3, 0);
});
