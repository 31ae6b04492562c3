/** Puts a file on a case. */
import { type components, fault } from './api';

type Kind = components['schemas']['AttachmentKind'];

/** Uploads a file and gives the id under which it is kept. The same file sent again is the same attachment. */
export async function attach(id: string, kind: Kind, name: string, file: Blob): Promise<string> {
  const query = new URLSearchParams({ kind, name });
  const headers = { 'content-type': file.type || 'application/octet-stream', 'x-jiban': 'web' };
  const answer = await fetch(`/api/v1/cases/${id}/attachments?${query}`, { method: 'POST', headers, body: file });
  const body = await answer.json().catch(() => undefined);
  if (!answer.ok) throw fault(answer.status, body);
  return body.id;
}
