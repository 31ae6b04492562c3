/** Puts a file where it belongs: on a case, on a campaign. */
import { type components, fault } from './api';

type Kind = components['schemas']['AttachmentKind'];

/** Uploads a file and gives the id under which it is kept. The same file sent again is the same attachment. */
export async function attach(id: string, kind: Kind, name: string, file: Blob): Promise<string> {
  const stored = await upload(`/api/v1/cases/${id}/attachments`, { kind, name }, file);
  return stored.id;
}

/** Sends a file as the body, and gives the answer. */
export async function upload(path: string, query: Record<string, string>, file: Blob) {
  const headers = { 'content-type': file.type || 'application/octet-stream', 'x-jiban': 'web' };
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`, { method: 'POST', headers, body: file });
  const body = await answer.json().catch(() => undefined);
  if (!answer.ok) throw fault(answer.status, body);
  return body;
}
