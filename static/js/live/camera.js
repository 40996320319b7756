/**
 * The camera: starts and stops it, lists cameras, takes small pictures from the video. No socket, no page texts.
 */

/** The picture's longer side, pixels; the network needs no more (see benchmarks.frame). */
export const PICTURE_WIDTH = 320;
/** Most pictures a second. The rate falls by itself when replies are slow (pacing.js). */
export const RATE_HZ = 10;
/** 0..1, as canvas.toBlob takes it. */
export const JPEG_QUALITY = 0.8;

/** Both sides have at least this many pixels, or no face can be found. */
const MIN_SIDE_PX = 32;
/** A browser that has not answered by then, or a camera without a picture, is told of. */
const WORD_AFTER_MS = 8000;

/** The camera's name in the browser's storage. */
const STORED = "camera";

/** @typedef {"insecure"|"unsupported"|"refused"|"none"|"in-use"|"inactive"|"unknown"|"lost"} CameraFaultCode */
/** @typedef {"waiting"|"no-picture"|"too-small"|"muted"|""} CameraWord what is told of a camera while it starts or runs */

/** Why there is no picture. */
export class CameraFault extends Error {
  /** @param {CameraFaultCode} code */
  constructor(code) {
    super(code);
    this.name = "CameraFault";
    this.code = code;
  }
}

/** The browsers' names of the faults that say their cause. @type {Record<string, CameraFaultCode>} */
const FAULT_CODES = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  PermissionDeniedError: "refused",
  NotFoundError: "none",
  DevicesNotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "in-use",
  TrackStartError: "in-use",
  InvalidStateError: "inactive",
};

export class Camera {
  /** @type {HTMLVideoElement} */ #video;
  /** @type {MediaStream|null} */ #stream = null;
  #canvas = document.createElement("canvas");
  /** Kept apart: a canvas that pixels are read from lives in memory, the other one may live on the graphics card. */
  #readable = document.createElement("canvas");
  #storage;
  #onLost;
  #onWord;
  /** @type {CameraWord} */ #word = "";
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;
  /** Counts starts, so that a start that was overtaken by a stop ends its own stream. */
  #job = 0;

  /**
   * @param {HTMLVideoElement} video shows the stream
   * @param {{get: (name: string) => string|null, set: (name: string, value: string) => void}} storage remembers the choice
   * @param {() => void} onLost the camera was unplugged or taken away
   * @param {(word: CameraWord) => void} onWord empty once nothing is wrong any more
   */
  constructor(video, storage, onLost, onWord = () => undefined) {
    this.#video = video;
    this.#storage = storage;
    this.#onLost = onLost;
    this.#onWord = onWord;
  }

  get running() {
    return this.#stream !== null;
  }

  /**
   * Starts the stored camera, or any other if that one is gone.
   * @throws {CameraFault}
   */
  async start() {
    this.stop();
    const job = ++this.#job;
    this.#sayLater("waiting", job);
    const stream = await open(this.#storage.get(STORED)).finally(() => this.#stopSaying());
    if (job !== this.#job) {
      end(stream);
      return;
    }
    this.#stream = stream;
    for (const track of stream.getVideoTracks()) {
      const heard = (/** @type {() => void} */ act) => () => this.#stream === stream && act();
      track.addEventListener("ended", heard(this.#onLost));
      track.addEventListener("mute", heard(() => this.#say("muted")));
      track.addEventListener("unmute", heard(() => this.#say("")));
    }
    this.#video.srcObject = stream;
    // Safari wants play() to be called; a start that is overtaken rejects, which means nothing.
    this.#sayLater("no-picture", job);
    await Promise.race([this.#video.play().catch(() => undefined), passed(WORD_AFTER_MS)]);
  }

  /** @param {CameraWord} word said after a while, unless a picture comes or the camera stops @param {number} job */
  #sayLater(word, job) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => job === this.#job && this.#say(word), WORD_AFTER_MS);
  }

  #stopSaying() {
    clearTimeout(this.#timer);
    this.#say("");
  }

  /** @param {CameraWord} word */
  #say(word) {
    if (word !== this.#word) {
      this.#word = word;
      this.#onWord(word);
    }
  }

  /** Ends every track: the camera's light goes off. */
  stop() {
    this.#job += 1;
    this.#stopSaying();
    if (this.#stream) {
      end(this.#stream);
      this.#stream = null;
      this.#video.srcObject = null;
    }
  }

  /** @param {string} deviceId stored in this browser */
  choose(deviceId) {
    this.#storage.set(STORED, deviceId);
  }

  /** @returns {Promise<MediaDeviceInfo[]>} cameras, named once the camera was allowed */
  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput");
  }

  /** The id of the camera that runs, empty if none. */
  get current() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  /** Draws the newest picture, not mirrored, at its full size. @param {HTMLCanvasElement} canvas */
  drawTo(canvas) {
    canvas.width = this.#video.videoWidth;
    canvas.height = this.#video.videoHeight;
    canvas.getContext("2d")?.drawImage(this.#video, 0, 0);
  }

  /**
   * The newest picture as JPEG, at most PICTURE_WIDTH on its longer side.
   * @returns {Promise<ArrayBuffer|null>} null while the video has none
   */
  async take() {
    if (!this.#draw(this.#canvas, this.#canvas.getContext("2d"))) {
      return null;
    }
    /** @type {Blob|null} */
    const blob = await new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
    return blob ? blob.arrayBuffer() : null;
  }

  /**
   * The newest picture's pixels, as small as `take` makes it.
   * @returns {Promise<ImageData|null>} null while the video has none
   */
  async pixels() {
    const context = this.#readable.getContext("2d", { willReadFrequently: true });
    const drawn = this.#draw(this.#readable, context);
    return drawn && context ? context.getImageData(0, 0, this.#readable.width, this.#readable.height) : null;
  }

  /**
   * @param {HTMLCanvasElement} canvas takes the small picture's size
   * @param {CanvasRenderingContext2D|null} context
   * @returns {boolean} whether there was a picture
   */
  #draw(canvas, context) {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!this.#stream || !width || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      return false;
    }
    const scale = Math.min(1, PICTURE_WIDTH / Math.max(width, height));
    const [small_width, small_height] = [width, height].map((length) => Math.round(length * scale));
    clearTimeout(this.#timer);
    if (Math.min(small_width, small_height) < MIN_SIDE_PX) {
      this.#say("too-small");
      return false;
    }
    if (this.#word !== "muted") {
      this.#say("");
    }
    if (canvas.width !== small_width || canvas.height !== small_height) {
      Object.assign(canvas, { width: small_width, height: small_height });
    }
    context?.drawImage(this.#video, 0, 0, small_width, small_height);
    return true;
  }
}

/** @param {string|null} deviceId @returns {Promise<MediaStream>} */
async function open(deviceId) {
  if (!window.isSecureContext) {
    throw new CameraFault("insecure");
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new CameraFault("unsupported");
  }
  const wish = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
  if (deviceId) {
    try {
      return await ask({ ...wish, facingMode: undefined, deviceId: { exact: deviceId } });
    } catch (fault) {
      if (!(fault instanceof CameraFault) || fault.code !== "none") {
        throw fault;
      }
    }
  }
  return ask(wish);
}

/** @param {MediaTrackConstraints} video @returns {Promise<MediaStream>} */
async function ask(video) {
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new CameraFault(faultCode(error instanceof Error ? error.name : ""));
  }
}

/** @param {string} name of what getUserMedia threw @returns {CameraFaultCode} */
export function faultCode(name) {
  return FAULT_CODES[name] ?? "unknown";
}

/** @param {number} ms @returns {Promise<void>} */
function passed(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** @param {MediaStream} stream */
function end(stream) {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}
