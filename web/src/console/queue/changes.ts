/**
 * What has changed since a page was read. Hints come one by one and in bursts; whoever watches is told at most once in
 * two seconds, with all of them.
 */
import type { Changed } from '@core/live';

const PAUSE_MS = 2_000;

type Watcher = (cases: ReadonlyMap<string, Changed>, all: boolean) => void;

class Changes {
  private readonly watchers = new Set<Watcher>();
  private pending = new Map<string, Changed>();
  private all = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** One case changed. */
  tell(hint: Changed): void {
    this.pending.set(hint.case, hint);
    this.soon();
  }

  /** Hints were lost: anything may have changed. */
  lost(): void {
    this.all = true;
    this.soon();
  }

  /** Calls `act` with what changed, until the returned function is called. */
  watch(act: Watcher): () => void {
    this.watchers.add(act);
    return () => this.watchers.delete(act);
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      const [cases, all] = [this.pending, this.all];
      [this.pending, this.all, this.timer] = [new Map(), false, undefined];
      for (const act of this.watchers) act(cases, all);
    }, PAUSE_MS);
  }
}

export const changes = new Changes();
