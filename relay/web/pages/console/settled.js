// What has just come under somebody's hand takes no click yet: it was meant for what stood there before.

import { useEffect, useState } from "./view.js";

const SETTLES = 400; // ms, longer than two clicks of one double click are apart for most

/** Whether what has this id has stood there for a moment. @param {string} id */
export function useSettled(id) {
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(id), SETTLES);
    return () => clearTimeout(timer);
  }, [id]);
  return settled === id;
}
