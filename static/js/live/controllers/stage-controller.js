/**
 * The stage: starts and stops the camera, freezes the picture of a snap, and shows what belongs to each state.
 */

import { dialog, element, select } from "../../lib/elements.js";
import { PictureView } from "../../views/picture-view.js";
import { CameraFault } from "../camera.js";

export class StageController {
  #page;
  #camera;
  #reading;
  #video = /** @type {HTMLVideoElement} */ (element("video"));
  #picture = new PictureView(element("picture"));

  /**
   * @param {import("../page.js").Page} page
   * @param {import("../camera.js").Camera} camera
   * @param {import("./reading-controller.js").ReadingController} reading
   */
  constructor(page, camera, reading) {
    this.#page = page;
    this.#camera = camera;
    this.#reading = reading;
    page.state.observe(["stage", "frozen", "served"], () => this.#render());
    reading.onFaces((faces) => this.#picture.update(faces));
    element("allow").addEventListener("click", () => this.start());
    element("start").addEventListener("click", () => this.start());
    select("cameras").addEventListener("change", () => {
      camera.choose(select("cameras").value);
      this.start();
    });
    this.#video.addEventListener("resize", () => this.#picture.fit(this.#video));
    element("settings-open").addEventListener("click", () => dialog("settings").showModal());
  }

  async start() {
    const { notice, state } = this.#page;
    notice.update("camera", "");
    notice.update("snap", "");
    try {
      await this.#camera.start();
    } catch (fault) {
      if (!(fault instanceof CameraFault)) {
        throw fault;
      }
      state.update({ stage: "stopped" });
      this.#complain(fault.code);
      return;
    }
    if (!this.#camera.running) {
      return;
    }
    const had_focus = document.activeElement === element("allow") || document.activeElement === element("start");
    this.#picture.thaw();
    state.update({ stage: "live", frozen: false, mood: null, aside: undefined });
    if (had_focus) {
      // The pressed button is gone: the keyboard goes on at what took its place.
      element("snap").focus({ preventScroll: true });
    }
    this.#page.preferences.set("way", "camera");
    this.#picture.fit(this.#video);
    this.#reading.start();
    await this.#listCameras();
  }

  /** @param {"lost"} [code] why, unless the listener stopped it */
  stop(code) {
    const { notice, state } = this.#page;
    this.#reading.stop();
    this.#camera.stop();
    notice.update("face", "");
    notice.update("busy", "");
    state.update({ stage: "stopped" });
    if (code) {
      this.#complain(code);
    }
  }

  /** @param {string} code what is wrong with the camera; most of it can be tried again */
  #complain(code) {
    const { notice, t } = this.#page;
    const again = { label: t("notice.again"), run: () => this.start() };
    notice.update("camera", t(`camera.${code}`), code === "insecure" || code === "unsupported" ? null : again);
  }

  /** Stops the camera and keeps its last picture. */
  freeze() {
    const had_focus = document.activeElement === element("snap");
    this.#picture.freeze((canvas) => this.#camera.drawTo(canvas));
    this.#picture.flash();
    this.#page.state.update({ frozen: true });
    this.stop();
    if (had_focus) {
      element("start").focus({ preventScroll: true });
    }
  }

  /** Stops the camera and shows no picture. */
  clear() {
    this.#picture.thaw();
    this.#page.state.update({ frozen: false });
    this.stop();
    this.#page.notice.update("camera", "");
  }

  #render() {
    const { stage, frozen, served } = this.#page.values;
    document.body.dataset.state = stage;
    document.body.toggleAttribute("data-list", served !== null);
    element("welcome").hidden = stage !== "welcome";
    element("controls").hidden = stage === "welcome";
    element("snap").hidden = stage !== "live";
    element("start").hidden = stage !== "stopped";
    element("stage-view-open").hidden = stage === "welcome" || (stage === "stopped" && !served);
    element("start").textContent = this.#page.t(frozen ? "stage.again" : "stage.start");
    // On the first screen this choice belongs beside the camera's button, later among the settings.
    element(stage === "welcome" ? "device" : "settings-reading").prepend(element("device-switch"));
    element("orb").hidden = stage !== "stopped" || frozen;
    this.#picture.show(stage === "live" || frozen);
    this.#page.notice.render();
  }

  async #listCameras() {
    const devices = await this.#camera.list();
    const options = devices.map(
      (device, i) => new Option(device.label || this.#page.t("stage.numbered", { number: i + 1 }), device.deviceId),
    );
    select("cameras").replaceChildren(...options);
    select("cameras").value = this.#camera.current;
    element("cameras-label").hidden = devices.length < 2;
  }
}
