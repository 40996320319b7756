// Single keys. Elements are stand-ins that say which of the selectors they match.
import assert from "node:assert/strict";
import test from "node:test";

import { shortcuts } from "../../../static/js/lib/shortcuts.js";

class Element {
  constructor(...names) {
    this.names = names;
  }

  /** Matches a part of the list that is one of its names; `input:not(…)` only where it is no choice. */
  closest(selectors) {
    const parts = selectors.split(/,(?![^([]*[)\]])/).map((part) => part.trim());
    const isChoice = this.names.some((name) => /radio|checkbox/.test(name));
    const matches = (part) => (part.startsWith("input:not") ? this.names.includes("input") && !isChoice : this.names.includes(part));
    return parts.some(matches) ? this : null;
  }
}

function setUp() {
  const pressed = [];
  let listener = null;
  globalThis.Element = Element;
  globalThis.document = { addEventListener: (_, given) => (listener = given) };
  const actions = ["arrowleft", "arrowright", "j", "k"].map((key) => [key, () => pressed.push(key)]);
  shortcuts(Object.fromEntries(actions), () => true);
  return (key, more = {}) => {
    pressed.length = 0;
    let prevented = false;
    listener({ key, target: new Element("body"), preventDefault: () => (prevented = true), ...more });
    assert.equal(prevented, pressed.length > 0);
    return [...pressed];
  };
}

test("arrow keys do what letters do", () => {
  const press = setUp();
  assert.deepEqual(press("ArrowRight"), ["arrowright"]);
  assert.deepEqual(press("ArrowLeft"), ["arrowleft"]);
  assert.deepEqual(press("J"), ["j"]);
});

test("an arrow key is left to a slider, an input or a group of choices that has focus", () => {
  const press = setUp();
  for (const names of [["input"], ["input", "radio"], ["input", "checkbox"], ["[role=radiogroup]"], ["[role=slider]"], ["select"]]) {
    assert.deepEqual(press("ArrowRight", { target: new Element(...names) }), [], names.join());
  }
  assert.deepEqual(press("j", { target: new Element("input", "radio") }), ["j"]);
});

test("an arrow key that something else has used, or that selects or goes back in the browser, is left alone", () => {
  const press = setUp();
  for (const more of [{ defaultPrevented: true }, { shiftKey: true }, { altKey: true }, { ctrlKey: true }, { metaKey: true }]) {
    assert.deepEqual(press("ArrowLeft", more), [], Object.keys(more).join());
  }
});
