/**
 * The stages' constants as the server sends them (feelharmonic/reading/browser_constants.py) → the names that the modules
 * here use. The only place that knows the server's names.
 */

/** The server's name → ours, where they differ. @type {Record<string, string>} */
const NAMES = {
  full_size: "detector_size",
  window_size: "refiner_size",
  least_score: "min_score",
  least_score_candidate: "min_candidate_score",
  least_score_sure: "sure_score",
  least_score_glimpsed: "min_refined_score",
  least_score_followed: "min_tracked_score",
  most_score_mirrored: "max_mirrored_score",
  most_score: "max_score",
  first_look_weight: "detector_weight",
  most_confirmed: "max_refined",
  most_followed: "max_tracked",
  least_overlap: "min_iou",
  resting: "neutral",
  follower: "tracker",
  most_faces_read: "max_faces_read",
};

/**
 * @param {any} value JSON
 * @returns {any} the same with our names
 */
export function fromServer(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [NAMES[name] ?? name, fromServer(inner)]));
}
