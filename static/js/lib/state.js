/**
 * Observable state: a set of named values, and functions that are called when one of theirs changes.
 */

/**
 * @template {object} Values
 */
export class State {
  /** @type {Values} */ #values;
  /** @type {{names: (keyof Values)[], observer: (values: Readonly<Values>) => void}[]} */ #observers = [];

  /** @param {Values} values the initial ones */
  constructor(values) {
    this.#values = { ...values };
  }

  /** The current values. @returns {Readonly<Values>} */
  get values() {
    return this.#values;
  }

  /**
   * Calls `observer` after every update that changes one of `names`, in the order of registration.
   * @param {(keyof Values)[]} names
   * @param {(values: Readonly<Values>) => void} observer
   */
  observe(names, observer) {
    this.#observers.push({ names, observer });
  }

  /** All changes are in place before the first observer is called. @param {Partial<Values>} changes */
  update(changes) {
    const before = this.#values;
    this.#values = { ...before, ...changes };
    for (const { names, observer } of this.#observers) {
      if (names.some((name) => name in changes && !Object.is(before[name], changes[name]))) {
        observer(this.#values);
      }
    }
  }
}
