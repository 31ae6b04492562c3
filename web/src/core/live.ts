/** Live hints: which cases changed. A lost connection comes back by itself, and then everything is to be asked again. */

export interface Changed {
  case: string;
  version: number;
  kind: string;
}

/** Tells of changes until the returned function is called. `reload`: hints may have been lost. */
export function watch(
  changed: (hint: Changed) => void,
  reload: () => void,
  connected: (is: boolean) => void,
): () => void {
  const source = new EventSource('/api/v1/live', { withCredentials: true });
  let lost = false;
  source.addEventListener('changed', (event) => changed(JSON.parse(event.data) as Changed));
  source.addEventListener('reload', reload);
  source.onopen = () => {
    connected(true);
    if (lost) reload();
    lost = false;
  };
  source.onerror = () => {
    lost = true;
    connected(false);
  };
  return () => source.close();
}
