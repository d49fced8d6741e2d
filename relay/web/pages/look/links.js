// Web addresses in a text, for who shows it. Only what is written out with its scheme is one; the server finds the same.

const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,:;!?()[\]{}…]/gi;

/**
 * The text in pieces, the addresses apart.
 * @param {string} text
 * @returns {{ text: string, isAddress: boolean }[]}
 */
export function pieces(text) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    if (match.index > at) found.push({ text: text.slice(at, match.index), isAddress: false });
    found.push({ text: match[0], isAddress: true });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at), isAddress: false });
  return found;
}
