/**
 * The loop from picture to reply: one frame in flight, always the newest, paused while the tab is hidden.
 */

/** Wait before the next attempt if there is nothing to send yet. */
const IDLE_MS = 100;

/**
 * @typedef {Object} FrameLoop
 * @property {(reader: import("../types.js").Reader) => void} start reads the pictures from now on; ends the loop before
 * @property {() => void} stop
 */

/**
 * @param {Object} parts
 * @param {(reply: import("../types.js").FrameReply) => void} parts.onReply
 * @param {(fault: unknown, reader: import("../types.js").Reader) => void} [parts.onFault] a picture was not read
 * @param {{now: () => number, wait: (ms: number) => Promise<void>, hidden: () => boolean}} [parts.world]
 * @returns {FrameLoop}
 */
export function frameLoop({ onReply, onFault = () => undefined, world = browser }) {
  // A loop that was stopped finds another number here and ends; its late reply is dropped.
  let current = 0;

  /** @param {number} mine @param {import("../types.js").Reader} reader */
  async function run(mine, reader) {
    const pacing = reader.pacing();
    while (mine === current) {
      const picture = reader.ready && !world.hidden() ? await reader.capture() : null;
      if (mine !== current) {
        return;
      }
      // Taking a picture takes a while: the tab may have been hidden meanwhile.
      if (!picture || world.hidden()) {
        await world.wait(IDLE_MS);
        continue;
      }
      const sent_ms = world.now();
      try {
        const reply = await reader.read(picture);
        pacing.replied(world.now() - sent_ms, reply.wait_ms);
        if (mine === current) {
          onReply(reply);
        }
      } catch (fault) {
        pacing.missed();
        onFault(fault, reader);
      }
      await world.wait(pacing.wait(world.now() - sent_ms));
    }
  }

  return {
    start(reader) {
      current += 1;
      run(current, reader);
    },
    stop() {
      current += 1;
    },
  };
}

const browser = {
  now: () => performance.now(),
  /** @param {number} ms @returns {Promise<void>} */
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  hidden: () => document.hidden,
};
