// How much more a text may hold. A field that simply stops cuts what is pasted, and says nothing of it.

import { t } from "../words.js";

export const LONGEST = 4096; // characters of a post or a message, as the relay takes them

/** Negative: so many too many. @param {string} text @param {number} longest characters, as the relay counts them */
export const room = (text, longest) => longest - [...text].length;

/** @param {number} found */
export const saidRoom = (found) => (found < 0 ? t("over", { n: -found }) : t("left", { n: found }));
