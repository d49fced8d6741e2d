// What people wrote, as they wrote it; addresses can be followed, and whoever is there learns nothing of the console.

import { pieces } from "../../look/links.js";
import { html } from "../view.js";

/** @param {{ text: string }} props */
export function Text({ text }) {
  return pieces(text).map((piece) =>
    piece.isAddress
      ? html`<a href=${piece.text} target="_blank" rel="noopener noreferrer nofollow">${piece.text}</a>`
      : piece.text,
  );
}
