// Until when a thread may sleep, in the time of the person who sends it to sleep.

export const SNOOZES = /** @type {const} */ (["hours", "tomorrow", "monday"]);

const MORNING = 9; // o'clock

/** @param {(typeof SNOOZES)[number]} name @param {Date} from */
export function until(name, from) {
  const at = new Date(from);
  if (name === "hours") at.setHours(at.getHours() + 3);
  else {
    const days = name === "tomorrow" ? 1 : ((8 - at.getDay()) % 7) || 7;
    at.setDate(at.getDate() + days);
    at.setHours(MORNING, 0, 0, 0);
  }
  return at.toISOString();
}
