// A stand-in for Spotify's iFrame API: its methods and events, on a clock of its own, with the faults that the real one shows.
// `window.embedStandIn` sets it up: length_ms of every track, faults by the number of the load (0 is the first).
(() => {
  const { length_ms = 1500, faults = {}, every_ms = 100, never_ready = false } = window.embedStandIn ?? {};
  const log = (window.embedLog = []);

  class Controller {
    #listeners = {};
    #loads = -1;
    #timer = 0;
    #position = 0;
    #paused = true;
    #fault = "";

    constructor(element, uri) {
      this.frame = document.createElement("iframe");
      this.frame.allow = "autoplay; encrypted-media";
      element.replaceWith(this.frame);
      this.#load(uri);
    }

    addListener(name, listener) {
      (this.#listeners[name] ??= []).push(listener);
    }

    loadUri(uri) {
      this.#load(uri);
    }

    play() {
      this.#log("play");
      this.#position = 0;
      this.#run();
    }

    resume() {
      this.#log("resume");
      this.#run();
    }

    pause() {
      this.#log("pause");
      this.#paused = true;
      this.#stop();
      this.#tell();
    }

    togglePlay() {
      if (this.#paused) this.resume();
      else this.pause();
    }

    seek(seconds) {
      this.#log("seek");
      this.#position = seconds * 1000;
      this.#tell();
    }

    destroy() {
      this.#stop();
      this.frame.remove();
    }

    #load(uri) {
      this.#stop();
      this.#loads += 1;
      this.#fault = faults[this.#loads] ?? faults.all ?? "";
      this.#position = 0;
      this.#paused = true;
      this.uri = uri;
      this.frame.src = `https://open.spotify.com/embed/track/${uri.split(":")[2]}`;
      this.#log("load");
      setTimeout(() => {
        this.#emit("ready");
        if (!["gone", "no-update"].includes(this.#fault)) this.#tell();
      }, 20);
    }

    #run() {
      if (["gone", "no-update"].includes(this.#fault)) return;
      if (this.#fault === "refused") {
        // As long as the page says so: what the browser allows is not the embed's to decide.
        if (!top.refuse) {
          this.#fault = "";
          this.#run();
          return;
        }
        this.#tell();
        return;
      }
      if (!this.#paused) return;
      this.#paused = false;
      let last = performance.now();
      this.#emit("playback_started", { playingURI: this.uri });
      this.#timer = setInterval(() => {
        const now = performance.now();
        this.#position += now - last;
        last = now;
        if (this.#fault === "update-stops" && this.#position > length_ms / 2) return;
        if (this.#fault === "ends-early" && this.#position > length_ms / 2) {
          this.#position = 0;
          this.#end();
        } else if (this.#fault === "listener-pauses" && this.#position > length_ms - 1000) {
          this.#fault = "";
          this.#paused = true;
          this.#stop();
          this.#tell();
        } else if (this.#position >= length_ms + (this.#fault === "ends-late" ? 600 : 0)) {
          if (this.#fault === "silent-end") {
            this.#stop();
            this.#log("end");
            return;
          }
          this.#position = this.#fault === "last-position" ? length_ms - 300 : length_ms;
          this.#end();
        } else {
          this.#tell();
        }
      }, every_ms);
    }

    #end() {
      this.#log("end");
      this.#paused = true;
      this.#stop();
      this.#tell();
    }

    #stop() {
      clearInterval(this.#timer);
    }

    #tell() {
      const position = Math.round(this.#position);
      this.#emit("playback_update", { isPaused: this.#paused, isBuffering: false, position, duration: length_ms });
    }

    #emit(name, data = {}) {
      (this.#listeners[name] ?? []).forEach((listener) => listener({ data }));
    }

    #log(what) {
      log.push({ what, uri: this.uri, at_ms: performance.timeOrigin + performance.now() });
    }
  }

  const api = {
    createController(element, { uri }, callback) {
      const controller = new Controller(element, uri);
      setTimeout(() => callback(controller), 10);
    },
  };
  if (!never_ready) {
    setTimeout(() => window.onSpotifyIframeApiReady(api), 10);
  }
})();
