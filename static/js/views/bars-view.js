/**
 * Seven probabilities as animated bars. Knows no socket.
 */

export class BarsView {
  #rows;

  /** @param {HTMLElement} element a list @param {import("../types.js").Emotion[]} emotions */
  constructor(element, emotions) {
    this.#rows = emotions.map((emotion) => row(element, emotion));
  }

  /**
   * @param {number[]|null} probabilities null empties the bars
   * @param {string|null} held the mood that holds, by its name
   */
  update(probabilities, held) {
    this.#rows.forEach(({ name, item, meter, fill, share }, i) => {
      const percent = Math.round((probabilities?.[i] ?? 0) * 100);
      fill.style.transform = `translateX(${percent - 100}%)`;
      meter.setAttribute("aria-valuenow", String(percent));
      share.textContent = probabilities ? `${percent} %` : "";
      item.classList.toggle("held", name === held);
      item.toggleAttribute("data-read", probabilities !== null);
    });
  }
}

/** @param {HTMLElement} list @param {import("../types.js").Emotion} emotion */
function row(list, emotion) {
  const item = list.appendChild(document.createElement("li"));
  const label = item.appendChild(document.createElement("span"));
  label.textContent = emotion.label;
  const meter = item.appendChild(document.createElement("div"));
  meter.className = "rail";
  meter.setAttribute("role", "meter");
  meter.setAttribute("aria-label", emotion.label);
  meter.setAttribute("aria-valuemin", "0");
  meter.setAttribute("aria-valuemax", "100");
  meter.setAttribute("aria-valuenow", "0");
  const fill = meter.appendChild(document.createElement("div"));
  fill.className = "fill";
  fill.style.setProperty("--own", emotion.colour.glow);
  const share = item.appendChild(document.createElement("span"));
  share.className = "share";
  share.setAttribute("aria-hidden", "true");
  return { name: emotion.name, item, meter, fill, share };
}
