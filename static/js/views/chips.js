/**
 * Rows of chips: moods to pick by hand, goals to choose among. They report by callbacks and know no socket.
 */

/**
 * @param {HTMLElement} element
 * @param {import("../types.js").Emotion[]} emotions
 * @param {(emotion: import("../types.js").Emotion) => void} onPick
 * @returns {{update: (name: string|null) => void}} update marks the picked one
 */
export function moodChips(element, emotions, onPick) {
  const buttons = emotions.map((emotion) => {
    const button = element.appendChild(document.createElement("button"));
    button.type = "button";
    button.dataset.emotion = emotion.name;
    button.setAttribute("aria-pressed", "false");
    const dot = button.appendChild(document.createElement("span"));
    dot.className = "dot";
    button.style.setProperty("--own", emotion.colour.glow);
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
 * @param {import("../types.js").Goal[]} goals
 * @param {import("../types.js").Translate} t
 * @param {(goal: import("../types.js").Goal) => void} onChoose
 * @returns {{update: (goal: import("../types.js").Goal) => void}} update marks the chosen one
 */
export function goalChips(element, goals, t, onChoose) {
  const inputs = goals.map((goal) => {
    const label = element.appendChild(document.createElement("label"));
    const input = label.appendChild(document.createElement("input"));
    Object.assign(input, { type: "radio", name: "goal", value: goal });
    label.append(t(`goal.${goal}`));
    input.addEventListener("change", () => onChoose(goal));
    return input;
  });
  return {
    update(goal) {
      for (const input of inputs) {
        input.checked = input.value === goal;
      }
    },
  };
}
