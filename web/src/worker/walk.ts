/**
 * A short way through the spots of a round 巡查路线: each once, beginning at the first. Straight lines: it is told as such, and
 * who walks knows the stairs and the gates.
 */

export interface Stop {
  id: string;
  lon: number;
  lat: number;
}

const METRES_A_DEGREE = 111_320;

/** Metres between two places, as the crow flies. */
export function metres(a: Stop, b: Stop): number {
  const squeeze = Math.cos((((a.lat + b.lat) / 2) * Math.PI) / 180);
  return Math.hypot((a.lon - b.lon) * squeeze, a.lat - b.lat) * METRES_A_DEGREE;
}

/** Length of a way, metres. */
export const length = (way: Stop[]): number =>
  way.reduce((sum, stop, index) => sum + (index ? metres(way[index - 1] ?? stop, stop) : 0), 0);

/** The stops in the order of a short way from the first: the nearest next, then parts turned round as long as that is shorter. */
export function walk(stops: Stop[]): Stop[] {
  const left = stops.slice(1);
  const way = stops.slice(0, 1);
  for (let at = way[0]; at && left.length; at = way.at(-1)) {
    let best = 0;
    for (const [index, stop] of left.entries()) if (metres(at, stop) < metres(at, left[best] ?? stop)) best = index;
    way.push(...left.splice(best, 1));
  }
  for (let better = true; better; ) {
    better = false;
    for (let from = 1; from < way.length - 1; from += 1)
      for (let to = from + 1; to < way.length; to += 1) {
        const [a, b, c, d] = [way[from - 1], way[from], way[to], way[to + 1]];
        if (!a || !b || !c) continue;
        const now = metres(a, b) + (d ? metres(c, d) : 0);
        const turned = metres(a, c) + (d ? metres(b, d) : 0);
        if (turned < now - 1e-6) {
          way.splice(from, to - from + 1, ...way.slice(from, to + 1).reverse());
          better = true;
        }
      }
  }
  return way;
}
