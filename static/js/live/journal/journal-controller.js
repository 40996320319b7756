/**
 * The journal's switch and its sheet.
 */

import { input } from "../../lib/elements.js";
import { loadSheet } from "../../lib/lazy.js";
import { Journal } from "./journal.js";
import { JournalView } from "./journal-view.js";

const SHEET = new URL("../../../journal.css", import.meta.url).href;

/**
 * @param {import("../page.js").Page} page
 * @param {import("../controllers/tracks-controller.js").TracksController} tracks
 * @param {import("../controllers/player-controller.js").PlayerController} player
 */
export function mountJournal(page, tracks, player) {
  const journal = new Journal(page, tracks, player);
  const view = new JournalView(page, {
    play: (track) => player.playTrack(track, ""),
    erase: async () => {
      await journal.erase();
      page.confirm(page.t("journal.erased"), { at: "settings" });
    },
  });
  const toggle = input("journal-on");
  journal.switch(toggle.checked);
  toggle.addEventListener("change", () => journal.switch(toggle.checked));
  return {
    async open() {
      await loadSheet(SHEET);
      view.show(await journal.store.all());
    },
  };
}
