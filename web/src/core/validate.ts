/** Checks that a page can make before the server does; the server's word is the last. */

/** Whether a text is a phone number as people write them in China: mobile, landline with or without area code. */
export function isPhone(text: string): boolean {
  const bare = text.replace(/[\s-]/g, '').replace(/^\+?86/, '');
  return /^1\d{10}$/.test(bare) || /^0\d{9,11}$/.test(bare) || /^[2-9]\d{6,7}$/.test(bare);
}
