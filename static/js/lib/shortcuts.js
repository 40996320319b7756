/**
 * Keyboard shortcuts: single keys, never while something is typed or chosen, and only while they are wanted.
 */

/**
 * @param {Record<string, () => void>} actions by key, in lower case
 * @param {() => boolean} wanted
 */
export function shortcuts(actions, wanted) {
  document.addEventListener("keydown", (event) => {
    const action = actions[event.key.toLowerCase()];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !wanted() || takesKeys(event.target)) {
      return;
    }
    event.preventDefault();
    action();
  });
}

/** Where single keys mean something already. @param {EventTarget|null} target */
function takesKeys(target) {
  return target instanceof Element && target.closest("select, textarea, dialog[open], input:not([type=radio], [type=checkbox])") !== null;
}
