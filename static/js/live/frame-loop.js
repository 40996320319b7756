/**
 * The loop from picture to reply: one frame in flight, always the newest, paused while the tab is hidden.
 */

/** Looks again so soon when there is nothing to send yet. */
const IDLE_MS = 100;

/**
 * @typedef {Object} Frames
 * @property {() => void} start
 * @property {() => void} stop
 */

/**
 * @template Picture
 * @param {Object} parts
 * @param {() => Promise<Picture|null>} parts.take the newest picture
 * @param {(picture: Picture) => Promise<import("../types.js").FrameReply>} parts.send
 * @param {() => boolean} parts.ready whether somebody is there to send to
 * @param {(reply: import("../types.js").FrameReply) => void} parts.onReply
 * @param {() => import("../types.js").Pacing} parts.pace a fresh one for every start
 * @param {{now: () => number, wait: (ms: number) => Promise<void>, hidden: () => boolean}} [parts.world]
 * @returns {Frames}
 */
export function frames({ take, send, ready, onReply, pace: freshPace, world = browser }) {
  // A loop that was stopped finds another number here and ends; its late reply is dropped.
  let job = 0;

  /** @param {number} mine */
  async function run(mine) {
    const pace = freshPace();
    while (mine === job) {
      const picture = ready() && !world.hidden() ? await take() : null;
      if (mine !== job) {
        return;
      }
      // Taking a picture takes a while: the tab may have been hidden meanwhile.
      if (!picture || world.hidden()) {
        await world.wait(IDLE_MS);
        continue;
      }
      const sent_ms = world.now();
      try {
        const reply = await send(picture);
        pace.replied(world.now() - sent_ms, reply.wait_ms);
        if (mine === job) {
          onReply(reply);
        }
      } catch {
        // No acknowledgement in time: the wire tells about lost connections itself.
        pace.missed();
      }
      await world.wait(pace.wait(world.now() - sent_ms));
    }
  }

  return {
    start() {
      job += 1;
      run(job);
    },
    stop() {
      job += 1;
    },
  };
}

const browser = {
  now: () => performance.now(),
  /** @param {number} ms @returns {Promise<void>} */
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  hidden: () => document.hidden,
};
