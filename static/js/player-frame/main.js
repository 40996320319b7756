/**
 * The entry point of /player: drives Spotify's embed through its iFrame API, as the page around asks by messages. Spotify's
 * script is loaded with the first track, never before.
 */

const API_URL = "https://open.spotify.com/embed/iframe-api/v1";
const HEIGHT_PX = 80;

/**
 * @typedef {{loadUri: (uri: string) => void, play: () => void, pause: () => void, resume: () => void,
 *   seek: (seconds: number) => void, addListener: (name: string, listener: (event: any) => void) => void}} Controller
 */

/** @type {Promise<Controller>|null} */ let controller = null;

window.addEventListener("message", ({ origin, source, data }) => {
  if (origin !== location.origin || source !== parent || typeof data?.type !== "string") {
    return;
  }
  if (data.type === "load") {
    load(String(data.uri));
  } else if (data.type === "seek") {
    controller?.then((embed) => embed.seek(Number(data.position_s)));
  } else if (data.type === "play" || data.type === "pause" || data.type === "resume") {
    const type = /** @type {"play"|"pause"|"resume"} */ (data.type);
    controller?.then((embed) => embed[type]());
  }
});
tell({ type: "listening" });

/** @param {string} uri */
function load(uri) {
  if (controller) {
    controller.then((embed) => embed.loadUri(uri));
    return;
  }
  controller = create(uri);
  controller.catch(() => {
    controller = null; // the next track tries again
    tell({ type: "unreachable" });
  });
}

/** @param {string} uri @returns {Promise<Controller>} */
function create(uri) {
  return new Promise((resolve, reject) => {
    /** @param {{createController: (element: Element, options: object, ready: (controller: Controller) => void) => void}} api */
    const start = (api) => {
      const options = { uri, width: "100%", height: HEIGHT_PX };
      api.createController(/** @type {Element} */ (document.getElementById("embed")), options, (embed) => {
        embed.addListener("ready", () => tell({ type: "ready" }));
        embed.addListener("playback_started", () => tell({ type: "started" }));
        embed.addListener("playback_update", ({ data }) => tell({ type: "update", data: { ...data } }));
        resolve(embed);
      });
    };
    /** @type {any} */ (window).onSpotifyIframeApiReady = start;
    const script = document.createElement("script");
    script.src = API_URL;
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error(`Expected Spotify's script from ${API_URL}, got none.`));
    });
    document.head.append(script);
  });
}

/** @param {object} message to the page around, which is of our own origin */
function tell(message) {
  parent.postMessage(message, location.origin);
}
