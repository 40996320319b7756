/**
 * Asks whether a new list is added to the queue or takes its place.
 */

/** @param {import("../types.js").Translate} t @returns {Promise<"append"|"replace">} */
export function askHowToFill(t) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.className = "player-ask";
    dialog.setAttribute("aria-labelledby", "player-ask-title");
    const title = Object.assign(document.createElement("h2"), { id: "player-ask-title", textContent: t("player.ask") });
    const note = Object.assign(document.createElement("p"), { textContent: t("player.ask.note") });
    const form = document.createElement("form");
    form.method = "dialog";
    form.append(choice("append", t("player.ask.append"), "main"), choice("replace", t("player.ask.replace"), "quiet"));
    dialog.append(title, note, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      // Closed without a choice: nothing of the queue is lost.
      resolve(dialog.returnValue === "replace" ? "replace" : "append");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** @param {string} value @param {string} text @param {string} className */
function choice(value, text, className) {
  return Object.assign(document.createElement("button"), { value, className, textContent: text });
}
