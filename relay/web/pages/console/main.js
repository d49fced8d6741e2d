// Starts the console: words first, so that nothing is ever shown without them.

import "./followed.js";
import { App } from "./app.js";
import { html, render } from "./view.js";
import { loaded } from "./words.js";

const place = document.getElementById("console");
if (place !== null) {
  await loaded();
  render(html`<${App} />`, place);
}
