/**
 * Policy and organisation as pages need them: names of codes in the reader's language, and lists to choose from. Loaded
 * once a session; what a page shows of them follows the reader's language.
 */
import { shallowRef } from 'vue';
import { api, type Organisation, type PlaceGuess, type Policy, take } from './api';
import { useZone } from './clock/time';
import { common, named } from './text';

export type Unit = Organisation['units'][number];
export type Person = Organisation['people'][number];
export type Spot = Organisation['spots'][number];

export class World {
  readonly units: Map<string, Unit>;
  readonly people: Map<string, Person>;
  readonly spots: Map<string, Spot>;

  constructor(
    readonly policy: Policy,
    organisation: Organisation,
  ) {
    this.units = new Map(organisation.units.map((unit) => [unit.id, unit]));
    this.people = new Map(organisation.people.map((person) => [person.id, person]));
    this.spots = new Map(organisation.spots.map((spot) => [spot.id, spot]));
  }

  unit(id: string | null | undefined): string {
    return id ? named(this.units.get(id)?.name, id) : common.value.none;
  }

  person(id: string | null | undefined): string {
    return id ? (this.people.get(id)?.name ?? id) : common.value.none;
  }

  class(id: string | null | undefined): string {
    return named(this.policy.classes.find((one) => one.id === id)?.name, id ?? '');
  }

  channel(id: string): string {
    return named(this.policy.channels[id]?.name, id);
  }

  clock(id: string): string {
    return named(this.policy.clocks[id]?.name, id);
  }

  /** A category with its parent: `市容环境 › 占道经营`. */
  category(id: string | null | undefined): string {
    if (!id) return '';
    const found = this.policy.categories[id];
    if (!found) return id;
    const parent = found.parent ? this.policy.categories[found.parent] : undefined;
    return parent ? `${named(parent.name)} › ${named(found.name)}` : named(found.name);
  }

  /** A guessed place: the spot with its grid, or the area alone. */
  where(guess: PlaceGuess): string {
    const spot = guess.spot ? this.spots.get(guess.spot) : undefined;
    return spot ? `${spot.name}（${this.unit(spot.grid)}）` : this.unit(guess.area);
  }

  /** The class that a category, or one above it, usually has. */
  usualClass(category: string): string | undefined {
    for (let at: string | null | undefined = category; at; at = this.policy.categories[at]?.parent) {
      const found = this.policy.categories[at]?.class;
      if (found) return found;
    }
    return undefined;
  }

  /** A rule of danger. */
  danger(id: string | null | undefined): string {
    return named(this.policy.urgent_rules.find((rule) => rule.id === id)?.name, id ?? '');
  }

  /** Who acts, as the timeline names them. */
  actor(by: string): string {
    const words = common.value.actor;
    if (by.startsWith('person:')) return this.person(by.slice('person:'.length));
    return by in words ? words[by as keyof typeof words] : by;
  }

  /** The units of a kind that are active. */
  ofKind(...kinds: Unit['kind'][]): Unit[] {
    return [...this.units.values()].filter((unit) => unit.active && kinds.includes(unit.kind));
  }

  /** Whether a unit is another one or below it. */
  isWithin(unit: string, top: string): boolean {
    for (let at: string | null | undefined = unit; at; at = this.units.get(at)?.parent) {
      if (at === top) return true;
    }
    return false;
  }
}

/** The world of the session; none before it is loaded. */
export const world = shallowRef<World>();

export async function loadWorld(): Promise<World> {
  const [policy, organisation] = await Promise.all([
    take(api.GET('/api/v1/policy')),
    take(api.GET('/api/v1/organisation')),
  ]);
  useZone(policy.time_zone);
  world.value = new World(policy, organisation);
  return world.value;
}
