// One act, one Idempotency-Key: the same for every try, until the relay has done it or has surely not.

import { Problem, newKey, post } from "./api.js";
import { useRef } from "./view.js";

const REFUSED = [400, 403, 404, 413, 422]; // all others, a proxy's too, can come after it was done

/** @param {unknown} problem */
export function isRefused(problem) {
  return problem instanceof Problem && REFUSED.includes(problem.status);
}

/**
 * Sends what stands in a form. Where the body says more than `form`, such as the time, the first body goes again.
 * @returns {(path: string, body: object, form?: object) => Promise<any>}
 */
export function useOnce() {
  const tried = useRef({ act: "", key: "", body: {} });
  return async (path, body, form = body) => {
    const act = path + JSON.stringify(form);
    if (tried.current.act !== act) tried.current = { act, key: newKey(), body };
    try {
      const made = await post(path, tried.current.body, tried.current.key);
      tried.current.act = "";
      return made;
    } catch (problem) {
      if (isRefused(problem)) tried.current.act = "";
      throw problem;
    }
  };
}
