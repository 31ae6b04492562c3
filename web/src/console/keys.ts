/** Keys are for moving about, never for what is being written: not in a field, not while an input method composes. */
export function typing(event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return true;
  const at = event.target as HTMLElement | null;
  return (
    at !== null &&
    (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) || at.closest('dialog') !== null)
  );
}
