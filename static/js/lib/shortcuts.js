/**
 * Keyboard shortcuts: single keys, ignored while the listener types or chooses something, or has switched them off.
 */

const PRESSED_BY_SPACE = "button, a, summary, input, label";

/**
 * @param {Record<string, () => void>} actions by key, in lower case
 * @param {() => boolean} enabled
 */
export function shortcuts(actions, enabled) {
  document.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow") && movesSomething(event)) {
      return;
    }
    const action = actions[event.key.toLowerCase()];
    if (event.key === " " && event.target instanceof Element && event.target.closest(PRESSED_BY_SPACE)) {
      return;
    }
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !enabled() || takesKeys(event.target)) {
      return;
    }
    event.preventDefault();
    action();
  });
}

/** Whether single keys have a meaning there already. @param {EventTarget|null} target */
function takesKeys(target) {
  return target instanceof Element && target.closest("select, textarea, dialog[open], input:not([type=radio], [type=checkbox])") !== null;
}

/** Whether an arrow key has a meaning there already: it moves within every kind of input, and with shift it selects text. @param {KeyboardEvent} event */
function movesSomething({ target, shiftKey, defaultPrevented }) {
  return defaultPrevented || shiftKey || (target instanceof Element && target.closest("input, [role=radiogroup], [role=slider]") !== null);
}
