/**
 * What a group's mood consists of: a row for each face, with its emotion and its share. Knows no socket.
 */

export class GroupView {
  #element;
  #emotions;
  #t;

  /** @param {HTMLElement} element a list @param {import("../types.js").Emotion[]} emotions @param {import("../types.js").Translate} t */
  constructor(element, emotions, t) {
    this.#element = element;
    this.#emotions = emotions;
    this.#t = t;
  }

  /** @param {import("../types.js").Face[]} faces @param {import("../types.js").Group|null} group null hides it */
  update(faces, group) {
    this.#element.hidden = !group;
    const rows = group ? faces.filter(({ probabilities }) => probabilities) : [];
    while (this.#element.children.length > rows.length) {
      this.#element.lastElementChild?.remove();
    }
    rows.forEach(({ probabilities }, i) => {
      const shown = /** @type {number[]} */ (probabilities);
      const emotion = this.#emotions[shown.indexOf(Math.max(...shown))];
      const percent = Math.round((group?.shares[i]?.share ?? 0) * 100);
      const row = this.#element.children[i] ?? this.#element.appendChild(document.createElement("li"));
      const text = this.#t("group.share", { number: i + 1, mood: emotion.label, percent });
      if (row.textContent !== text) {
        row.textContent = text;
      }
      /** @type {HTMLElement} */ (row).style.setProperty("--share", `${percent}%`);
      /** @type {HTMLElement} */ (row).style.setProperty("--own", emotion.colour.glow);
    });
  }
}
