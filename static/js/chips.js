/**
 * Rows of chips: moods to pick by hand, goals to choose among. They report by callbacks and know no socket.
 */

import { own } from "./colour.js";

/** What each goal is called. @type {Record<string, string>} */
export const GOAL_LABELS = { match: "match my mood", lift: "lift me", calm: "calm me", energise: "energise me" };

/**
 * @param {HTMLElement} element
 * @param {import("./types.js").Emotion[]} emotions
 * @param {(emotion: import("./types.js").Emotion) => void} onPick
 * @returns {{update: (name: string|null) => void}} update marks the picked one
 */
export function moodChips(element, emotions, onPick) {
  const buttons = emotions.map((emotion) => {
    const button = element.appendChild(document.createElement("button"));
    button.type = "button";
    button.dataset.emotion = emotion.name;
    const dot = button.appendChild(document.createElement("span"));
    dot.className = "dot";
    own(dot, emotion);
    button.append(emotion.label);
    button.addEventListener("click", () => onPick(emotion));
    return button;
  });
  return {
    update(name) {
      for (const button of buttons) {
        button.setAttribute("aria-pressed", String(button.dataset.emotion === name));
      }
    },
  };
}

/**
 * @param {HTMLElement} element
 * @param {import("./types.js").Goal[]} goals
 * @param {(goal: import("./types.js").Goal) => void} onChoose
 */
export function goalChips(element, goals, onChoose) {
  goals.forEach((goal, i) => {
    const label = element.appendChild(document.createElement("label"));
    const input = label.appendChild(document.createElement("input"));
    Object.assign(input, { type: "radio", name: "goal", value: goal, checked: i === 0 });
    label.append(GOAL_LABELS[goal] ?? goal);
    input.addEventListener("change", () => onChoose(goal));
  });
}
