/**
 * Areas of the grids, and how they come onto a flat picture. All coordinates are WGS84 degrees, as the server keeps them;
 * there are no tiles beneath, so nothing is shifted to another datum here.
 */
import { shallowRef } from 'vue';
import { api, take } from './api';

type Ring = [number, number][];
export interface Area {
  unit: string;
  /** Outer ring first, holes after it; more than one polygon where the area is in pieces. */
  polygons: Ring[][];
}

export const areas = shallowRef<Area[]>();
let asked: Promise<Area[]> | undefined;

/** Loads the areas, once a page. */
export function loadAreas(): Promise<Area[]> {
  asked ??= take(api.GET('/api/v1/public/areas'))
    .then((found) => {
      areas.value = read(found as unknown as Collection);
      return areas.value;
    })
    .catch((why) => {
      asked = undefined;
      throw why;
    });
  return asked;
}

interface Collection {
  features: {
    properties: { unit: string };
    geometry: { type: 'Polygon'; coordinates: Ring[] } | { type: 'MultiPolygon'; coordinates: Ring[][] };
  }[];
}

export function read(collection: Collection): Area[] {
  return collection.features.map(({ properties, geometry }) => ({
    unit: properties.unit,
    polygons: geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates,
  }));
}

/** Metres in a degree of latitude. */
const METRES_A_DEGREE = 111_195;

/** A flat picture of a small piece of the earth: true to shape, `width` across, north up. */
export class Flat {
  readonly height: number;
  private readonly scale: number;
  private readonly squeeze: number;
  private readonly west: number;
  private readonly north: number;

  constructor(
    all: Area[],
    readonly width = 1000,
    readonly margin = 12,
  ) {
    const points = all.flatMap((area) => area.polygons.flat(2)) as [number, number][];
    const lons = points.map(([lon]) => lon);
    const lats = points.map(([, lat]) => lat);
    const [west, east] = [Math.min(...lons), Math.max(...lons)];
    const [south, north] = [Math.min(...lats), Math.max(...lats)];
    this.squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
    this.scale = (width - 2 * margin) / Math.max((east - west) * this.squeeze, 1e-9);
    [this.west, this.north] = [west, north];
    this.height = (north - south) * this.scale + 2 * margin;
  }

  at([lon, lat]: readonly [number, number]): [number, number] {
    return [(lon - this.west) * this.squeeze * this.scale + this.margin, (this.north - lat) * this.scale + this.margin];
  }

  /** How long so many metres are in the picture. */
  metres(length: number): number {
    return (length / METRES_A_DEGREE) * this.scale;
  }

  /** Where a place of the picture is on earth. */
  back([x, y]: readonly [number, number]): [number, number] {
    return [(x - this.margin) / (this.squeeze * this.scale) + this.west, this.north - (y - this.margin) / this.scale];
  }

  path(area: Area): string {
    const ring = (points: Ring) =>
      `M${points
        .map((point) =>
          this.at(point)
            .map((n) => n.toFixed(1))
            .join(' '),
        )
        .join('L')}Z`;
    return area.polygons.map((rings) => rings.map(ring).join('')).join('');
  }

  /** The middle of the largest piece, by the weight of its area. */
  middle(area: Area): [number, number] {
    let best: [number, number, number] = [0, 0, -1];
    for (const [outer] of area.polygons) {
      let [twice, x, y] = [0, 0, 0];
      const flat = (outer ?? []).map((point) => this.at(point));
      for (let index = 1; index < flat.length; index += 1) {
        const [a, b] = [flat[index - 1], flat[index]];
        if (!a || !b) continue;
        const cross = a[0] * b[1] - b[0] * a[1];
        twice += cross;
        x += (a[0] + b[0]) * cross;
        y += (a[1] + b[1]) * cross;
      }
      if (twice !== 0 && Math.abs(twice) > best[2]) best = [x / (3 * twice), y / (3 * twice), Math.abs(twice)];
    }
    return [best[0], best[1]];
  }
}
