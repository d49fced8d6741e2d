// One act, one Idempotency-Key: the same for every try, until the relay has done it or has surely not.

import { Problem, newKey, post } from "./api.js";
import { useRef } from "./view.js";

const REFUSED = [400, 403, 404, 413, 422]; // all others, a proxy's too, can come after it was done

/** @param {unknown} problem */
export function isRefused(problem) {
  return problem instanceof Problem && REFUSED.includes(problem.status);
}

/** Sends what stands in a form. @returns {(path: string, body: object) => Promise<any>} */
export function useOnce() {
  const tried = useRef({ act: "", key: "" });
  return async (path, body) => {
    const act = path + JSON.stringify(body);
    if (tried.current.act !== act) tried.current = { act, key: newKey() };
    try {
      const made = await post(path, body, tried.current.key);
      tried.current.act = "";
      return made;
    } catch (problem) {
      if (isRefused(problem)) tried.current.act = "";
      throw problem;
    }
  };
}
