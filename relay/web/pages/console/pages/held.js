// Held: what waits for a person, and what waits for another person because its member asked.

import { html } from "../view.js";
import { Appeals } from "./appeals.js";
import { Cases, shown } from "./cases.js";

export function Held() {
  return shown().state === "appealed" ? html`<${Appeals} />` : html`<${Cases} />`;
}
