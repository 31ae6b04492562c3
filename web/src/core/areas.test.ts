import { describe, expect, it } from 'vitest';
import { type Area, Flat, read } from './areas';

const square: Area = {
  unit: 'a',
  polygons: [
    [
      [
        [114.1, 22.5],
        [114.2, 22.5],
        [114.2, 22.6],
        [114.1, 22.6],
        [114.1, 22.5],
      ],
    ],
  ],
};

describe('a flat picture', () => {
  const flat = new Flat([square]);

  it('has north up and west on the left, within its margins', () => {
    expect(flat.at([114.1, 22.6])).toEqual([12, 12]);
    const [x, y] = flat.at([114.2, 22.5]);
    expect(x).toBeCloseTo(988);
    expect(y).toBeCloseTo(flat.height - 12);
    // A degree of longitude is shorter than one of latitude here.
    expect(flat.height).toBeGreaterThan(flat.width);
  });

  it('finds its way back', () => {
    const [lon, lat] = flat.back(flat.at([114.1234, 22.5678]));
    expect(lon).toBeCloseTo(114.1234, 9);
    expect(lat).toBeCloseTo(22.5678, 9);
  });

  it('knows the middle of an area', () => {
    const [lon, lat] = flat.back(flat.middle(square));
    expect(lon).toBeCloseTo(114.15, 6);
    expect(lat).toBeCloseTo(22.55, 6);
  });

  it('reads areas in one piece and in several', () => {
    const rings = square.polygons[0] ?? [];
    const features = [
      { properties: { unit: 'a' }, geometry: { type: 'Polygon' as const, coordinates: rings } },
      { properties: { unit: 'b' }, geometry: { type: 'MultiPolygon' as const, coordinates: [rings, rings] } },
    ];
    expect(read({ features }).map((area) => area.polygons.length)).toEqual([1, 2]);
  });
});
