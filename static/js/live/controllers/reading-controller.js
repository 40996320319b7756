/**
 * Chooses the server or this device to read faces, and runs the loop that reads: every reply goes into the page's state.
 */

import { element, input } from "../../lib/elements.js";
import { DEVICE_RATE_HZ, DeviceReader, readsByDefault, Stopped } from "../device-reader.js";
import { frameLoop } from "../frame-loop.js";
import { ServerReader } from "../server-reader.js";

/** After this time without a face, the page says that it sees nobody. */
const NOBODY_AFTER_MS = 1200;

export class ReadingController {
  #page;
  #camera;
  #connection;
  #server;
  #device;
  #loop = frameLoop({ onReply: (reply) => this.#show(reply), onFault: (fault, reader) => this.#fault(fault, reader) });
  #face_at_ms = 0;
  #clear_at_ms = 0;
  #server_knows_device = false;
  #full = false;
  /** Whether the reader was chosen. */ #decided = false;
  /** @type {((faces: import("../../types.js").Face[], reply: import("../../types.js").FrameReply) => void)[]} */ #listeners = [];

  /**
   * @param {import("../page.js").Page} page
   * @param {import("../camera.js").Camera} camera
   * @param {import("../connection.js").Connection} connection
   */
  constructor(page, camera, connection) {
    this.#page = page;
    this.#camera = camera;
    this.#connection = connection;
    this.#server = new ServerReader(camera, connection);
    this.#device = new DeviceReader(camera, (share) =>
      this.#sayDevice(page.t("device.loading", { percent: Math.round(share * 100) }), { quietly: true }),
    );
    page.state.observe(["reader"], () => this.#renderReader());
    page.state.observe(["reader", "connection"], () => this.#renderConnection());
    page.state.observe(["reader", "connection"], () => this.#sendWhoReads());
    page.state.observe(["connection"], () => this.#sendAfterReconnection());
    page.state.observe(["connection"], ({ connection }) => connection === "crowded" && this.#serverIsFull(true));
    page.state.observe(["baseline"], () => this.#sendBaseline());
    page.state.observe(["group"], () => this.#sendGroup());
    input("device-on").addEventListener("change", () => this.#choose(input("device-on").checked));
    element("device-server").addEventListener("click", () => {
      this.#choose(false);
      (page.values.stage === "welcome" ? input("device-on") : element("settings-open")).focus();
    });
    input("group-on").addEventListener("change", () => page.state.update({ group: input("group-on").checked }));
    this.#restore();
  }

  /** Calls `listener` with every reply's faces. @param {(faces: import("../../types.js").Face[], reply: import("../../types.js").FrameReply) => void} listener */
  onFaces(listener) {
    this.#listeners.push(listener);
  }

  /** Reads the camera's pictures. */
  start() {
    this.#face_at_ms = performance.now();
    if (!this.#reader.ready) {
      this.#prepare();
    }
    this.#loop.start(this.#reader);
    this.#serverIsFull(this.#full);
  }

  stop() {
    this.#loop.stop();
  }

  /** This device reads from now on, as the listener chose. */
  useDevice() {
    this.#choose(true);
  }

  get #reader() {
    return this.#page.values.reader ?? this.#server;
  }

  #restore() {
    const { on_device } = this.#page.config;
    const stored = this.#page.preferences.get("device") ?? (readsByDefault(on_device, location.hostname) ? "on" : "off");
    const on = on_device !== "never" && stored === "on";
    this.#page.state.update({ reader: on ? this.#device : this.#server });
  }

  /** @param {boolean} on_device */
  #choose(on_device) {
    this.#page.preferences.set("device", on_device ? "on" : "off");
    this.#decided = true;
    const before = this.#reader;
    this.#sayDevice("");
    this.#use(on_device ? this.#device : this.#server);
    if (before !== this.#reader) {
      before.stop();
    }
    this.#prepare();
  }

  /** @param {import("../../types.js").Reader} reader */
  #use(reader) {
    this.#page.state.update({ reader });
    if (this.#camera.running) {
      // The picture under way for the other reader is dropped.
      this.#loop.start(reader);
    }
  }

  /** Where it is, this device reads if it can. @param {boolean} full */
  #serverIsFull(full) {
    this.#full = full;
    if (full && !this.#decided && this.#camera.running && !this.#reader.onDevice && this.#page.config.on_device !== "never") {
      this.#decided = true;
      this.#readInstead().catch(() => this.#reader.onDevice || this.#sayDevice(""));
    }
  }

  /** Until this device is ready the server is asked. */
  async #readInstead() {
    await this.#device.start();
    if (this.#reader.onDevice) {
      return;
    }
    if (!this.#full) {
      this.#device.stop();
      return this.#sayDevice("");
    }
    this.#use(this.#device);
    await this.#prepare();
    this.#sayDevice(this.#page.t("device.full"));
  }

  /** Loads what the reader needs; sends it the settings. */
  async #prepare() {
    const reader = this.#reader;
    try {
      const test = await reader.start();
      if (reader !== this.#reader) {
        return;
      }
      this.#sendBaseline();
      this.#sendGroup();
      if (test) {
        const slow = test.rate_hz < test.least_rate_hz;
        const rate = Math.min(test.rate_hz, DEVICE_RATE_HZ).toFixed(test.rate_hz < 10 ? 1 : 0);
        this.#sayDevice(this.#page.t(slow ? "device.slow" : "device.ready", { rate }), { offerServer: slow });
      }
    } catch (fault) {
      this.#fault(fault, reader);
    }
  }

  /**
   * The listener's choice stands: the server reads only if they say so. Lost connections are reported by the connection.
   * @param {unknown} fault @param {import("../../types.js").Reader} reader
   */
  #fault(fault, reader) {
    if (reader.onDevice && !(fault instanceof Stopped)) {
      console.error(fault);
      this.#sayDevice(this.#page.t("device.failed"), { offerServer: true });
    }
  }

  /** @param {import("../../types.js").FrameReply} reply */
  #show(reply) {
    const { notice, state, t } = this.#page;
    notice.update("busy", reply.problem ? t(`problem.${reply.problem.code}`) : "");
    this.#listeners.forEach((listener) => listener(reply.faces, reply));
    this.#serverIsFull(reply.problem?.code === "full");
    if (reply.problem) {
      return;
    }
    if (reply.faces.length) {
      this.#face_at_ms = performance.now();
    }
    const now_ms = performance.now();
    const nobody = now_ms - this.#face_at_ms > NOBODY_AFTER_MS;
    const half = reply.faces[0]?.hidden;
    this.#clear_at_ms = half ? this.#clear_at_ms : now_ms;
    const hidden = now_ms - this.#clear_at_ms > NOBODY_AFTER_MS ? t(`face.${half}-hidden`) : "";
    notice.update("face", reply.picture_problem ? t(`picture.${reply.picture_problem}`) : nobody ? t(reply.mood ? "face.gone" : "face.none") : hidden);
    const aside = reply.faces.length > 1 ? t(reply.group ? "mood.group" : "mood.several") : undefined;
    state.update({ reply, mood: reply.mood, aside, mood_at_ms: Date.now() });
  }

  /** The server, which assumes that it reads, would give the place of somebody so quiet to others. */
  #sendWhoReads() {
    const connected = this.#page.values.connection === "connected";
    const { onDevice } = this.#reader;
    if (connected && onDevice !== this.#server_knows_device) {
      this.#connection.device(onDevice).catch(() => undefined);
    }
    this.#server_knows_device = connected && onDevice;
  }

  /** The server forgets the settings with the connection. */
  #sendAfterReconnection() {
    const { connection, baseline, group, mood, mood_at_ms, stage } = this.#page.values;
    if (connection !== "connected" || this.#reader.onDevice) {
      return;
    }
    if (baseline) {
      this.#sendBaseline();
    }
    if (group) {
      this.#sendGroup();
    }
    if (mood && stage === "live") {
      this.#connection.resume(mood, mood_at_ms / 1000).catch(() => undefined);
    }
  }

  // A setting that gets no answer is sent again with the next connection, or when the device is ready.

  #sendBaseline() {
    this.#reader.setBaseline(this.#page.values.baseline).then(
      (problem) => problem && this.#page.notice.update("news", this.#page.t(`problem.${problem.code}`)),
      () => undefined,
    );
  }

  #sendGroup() {
    this.#reader.readGroup(this.#page.values.group).catch(() => undefined);
  }

  #renderReader() {
    const { onDevice } = this.#reader;
    input("device-on").checked = onDevice;
    element("welcome-where").hidden = onDevice;
    element("welcome-here").hidden = !onDevice;
  }

  #renderConnection() {
    const { connection } = this.#page.values;
    const { notice, t } = this.#page;
    if (connection) {
      document.body.dataset.connection = connection;
    }
    const fine = connection === null || connection === "connected";
    notice.update("connection", fine ? "" : t(this.#reader.onDevice ? "device.offline" : `connection.${connection}`));
  }

  /** @param {string} text @param {{offerServer?: boolean, quietly?: boolean}} [how] `quietly`: not read out */
  #sayDevice(text, { offerServer = false, quietly = false } = {}) {
    element("device-note").setAttribute("aria-live", quietly ? "off" : "polite");
    element("device-note").textContent = text;
    element("device-server").hidden = !offerServer;
  }
}
