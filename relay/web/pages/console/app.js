// The console as a whole: who is signed in sees the frame and a page in it, everybody else the door.

import { connect, disconnect } from "./live.js";
import { loadDesk } from "./desk.js";
import { Frame } from "./frame.js";
import { followed } from "./followed.js";
import { Door, Leaving } from "./pages/door.js";
import { Skeleton, Toasts, Trouble } from "./parts/feedback.js";
import { loadSession, session } from "./session.js";
import { html, useEffect, useState } from "./view.js";

export function App() {
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const who = session.value?.staff.id;
  const begin = async () => {
    setProblem(null);
    try {
      if (session.value === undefined) await loadSession();
      else if (session.value !== null) await loadDesk();
    } catch (caught) {
      setProblem(caught);
    }
  };
  useEffect(() => {
    if (who === undefined) disconnect();
    else connect();
    void begin();
  }, [who]);
  return html`
    ${problem && html`<main class="alone"><${Trouble} problem=${problem} onRetry=${begin} /></main>`}
    ${!problem && session.value === undefined && html`<main class="alone"><${Skeleton} rows=${3} /></main>`}
    ${session.value === null && html`<${Door} />`}
    ${session.value && !problem && html`<${Frame} />`}
    ${session.value && followed.value !== null && html`<${Leaving} />`}
    <${Toasts} />`;
}
