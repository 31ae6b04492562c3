/** Photos made small before they travel: a phone's five megabytes are a few hundred kilobytes to look at. */

/** Longest side, pixels. */
const SIDE_MAX = 1600;

/** The photo as a JPEG no larger than needed; the file itself where the browser cannot read it, for the server to judge. */
export async function small(file: File): Promise<Blob> {
  if (!file.type.startsWith('image/')) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.82));
    return made && made.size < file.size ? made : file;
  } catch {
    return file;
  }
}
