/**
 * The queue as a list: each entry plays on a press, moves by its handle (dragged, or with the arrow keys), can be removed.
 */

/** @typedef {import("./queue.js").QueueEntry} QueueEntry */

export class QueueView {
  element = document.createElement("ol");
  #t;
  #actions;

  /** @param {import("../types.js").Translate} t @param {import("./bar-view.js").BarActions} actions */
  constructor(t, actions) {
    this.#t = t;
    this.#actions = actions;
    this.element.className = "player-list";
  }

  /** @param {QueueEntry[]} entries @param {number} index of the current one */
  update(entries, index) {
    const focused = /** @type {HTMLElement|null} */ (document.activeElement?.closest(".player-list > li"));
    const kind = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.kind : undefined;
    const place = focused ? [...this.element.children].indexOf(focused) : -1;
    this.element.replaceChildren(...entries.map((entry, i) => this.#row(entry, i, i === index)));
    if (focused && kind) {
      // Focus stays on the same track; where that is gone, on the entry in its place.
      const same = [...this.element.children].find((row) => row instanceof HTMLElement && row.dataset.id === focused.dataset.id);
      const row = same ?? this.element.children[Math.min(place, this.element.children.length - 1)];
      /** @type {HTMLElement|null|undefined} */ (row?.querySelector(`[data-kind="${kind}"]`))?.focus();
    }
  }

  /** @param {QueueEntry} entry @param {number} i @param {boolean} current */
  #row({ track, why }, i, current) {
    const row = document.createElement("li");
    row.dataset.id = track.id;
    if (current) {
      row.setAttribute("aria-current", "true");
    }
    const { title, artist } = track;
    const handle = this.#button("move", "⠿", this.#t("player.move", { title }), () => undefined);
    handle.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
      if (step) {
        event.preventDefault();
        this.#actions.move(i, i + step);
      }
    });
    this.#makeDraggable(handle, row, i);
    // Named by what it shows: the track and why it is there.
    const play = this.#button("play", "", "", () => this.#actions.jump(i));
    play.append(line("unseen", `${this.#t("player.play")} `), line("title", title), line("by", [artist, why].filter(Boolean).join(" · ")));
    row.append(handle, play);
    const { feedback } = this.#actions;
    if (feedback) {
      row.append(
        this.#button("more", "+", this.#t("tracks.likeLong", { title }), () => feedback(i, true)),
        this.#button("less", "−", this.#t("tracks.dislikeLong", { title }), () => feedback(i, false)),
      );
    }
    row.append(this.#button("remove", "×", this.#t("player.remove", { title }), () => this.#actions.remove(i)));
    return row;
  }

  /** Pointer events, so that fingers drag as well as mice. @param {HTMLElement} handle @param {HTMLElement} row @param {number} from */
  #makeDraggable(handle, row, from) {
    const rowAt = (/** @type {number} */ y) =>
      [...this.element.children].findIndex((other) => {
        const { top, bottom } = other.getBoundingClientRect();
        return y >= top && y < bottom;
      });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      row.classList.add("dragged");
      const move = (/** @type {PointerEvent} */ moved) => {
        const to = rowAt(moved.clientY);
        [...this.element.children].forEach((other, i) => other.classList.toggle("over", i === to && to !== from));
      };
      handle.addEventListener("pointermove", move);
      handle.addEventListener("lostpointercapture", () => {
        handle.removeEventListener("pointermove", move);
        row.classList.remove("dragged");
        [...this.element.children].forEach((other) => other.classList.remove("over"));
      }, { once: true });
      handle.addEventListener("pointerup", (up) => {
        const to = rowAt(up.clientY);
        if (to >= 0) {
          this.#actions.move(from, to);
        }
      }, { once: true });
    });
  }

  /** @param {string} kind @param {string} text @param {string} label @param {() => void} action */
  #button(kind, text, label, action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `player-${kind}`;
    button.dataset.kind = kind;
    button.textContent = text;
    if (label) {
      button.setAttribute("aria-label", label);
    }
    button.addEventListener("click", action);
    return button;
  }
}

/** @param {string} className @param {string} text */
function line(className, text) {
  return Object.assign(document.createElement("span"), { className, textContent: text });
}
