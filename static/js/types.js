/**
 * The server's answers and events (feelharmonic/web/serializers.py writes them), and what modules pass each other. Types only.
 *
 * @typedef {"angry"|"disgust"|"fear"|"happy"|"sad"|"surprise"|"neutral"} EmotionName
 * @typedef {"match"|"lift"|"calm"|"energise"} Goal
 *
 * @typedef {Object} Emotion
 * @property {EmotionName} name
 * @property {string} label for people
 * @property {{light: string, dark: string, glow: string}} colour #rrggbb: accents on light and dark pages, and the air
 * @property {number} valence where faces that show it lie by people's ratings, -1..1
 * @property {number} arousal likewise
 *
 * @typedef {Object} Config what the server writes into the page
 * @property {Emotion[]} emotions in the order of every list of seven probabilities
 * @property {Goal[]} goals
 * @property {"offer"|"default"|"never"} on_device whether this browser may read faces by itself
 * @property {number} mood_hold_s how long another mood holds before the player that follows it plans anew
 * @property {Record<string, string>} words every text of the page, by its key
 *
 * @typedef {(key: string, values?: Record<string, string|number>) => string} Translate a text in the page's language
 *
 * @typedef {{replied: (reply_ms: number, wait_ms: number) => void, missed: () => void, wait: (since_sent_ms: number) => number}} Pacing
 *
 * @typedef {{rate_hz: number, least_rate_hz: number}} SelfTest frames a second that this browser reads, and should read
 *
 * @typedef {Object} Reader reads faces: the server, or this device. Pictures are whatever `capture` gives.
 * @property {boolean} onDevice
 * @property {boolean} ready whether it answers frames now
 * @property {() => Promise<SelfTest|null>} start loads what it needs
 * @property {() => void} stop frees what it loaded
 * @property {() => Pacing} pacing a new one for every start of the camera
 * @property {() => Promise<any>} capture the newest picture, null while there is none
 * @property {(picture: any) => Promise<FrameReply>} read
 * @property {(probabilities: number[]|null) => Promise<Problem|null>} setBaseline of the listener's neutral face; null stops correcting
 * @property {(on: boolean) => Promise<Problem|null>} readGroup everybody in view as one, or the largest face alone
 *
 * @typedef {"connected"|"lost"|"leaving"|"crowded"|"unreachable"} ConnectionState
 *
 * @typedef {Object} Face
 * @property {number|null} id the same while the face is tracked
 * @property {[number, number, number, number]} box x, y, width, height in 0..1 of the frame, not mirrored
 * @property {number} score 0..1
 * @property {number[]|null} probabilities
 * @property {boolean|null} sure whether the strongest probability is enough to be named
 * @property {EmotionName|null} second what it could be as well
 * @property {"upper"|"lower"|null} hidden the half of the face that is hidden, which makes it less sure
 *
 * @typedef {Object} Mood
 * @property {EmotionName} emotion
 * @property {number} confidence 0..1
 * @property {number} since_s for how long it has held, seconds
 * @property {number|null} valence of the mood's average, -1..1
 * @property {number|null} arousal likewise
 * @property {boolean|null} [sure] missing where nobody guessed
 * @property {EmotionName|null} [second] what it could be as well
 *
 * @typedef {Object} Problem
 * @property {"bad_frame"|"too_large"|"too_small"|"busy"|"full"|"no_mood"|"bad_request"|"server_fault"} code
 * @property {string} text
 * @property {string} action
 *
 * @typedef {Object} Group
 * @property {number[]} probabilities what the faces of this frame show together
 * @property {{id: number|null, share: number}[]} shares each face's part of it, 0..1, in the faces' order
 *
 * @typedef {"given"|"learned"|"learning"} BaselineState shown by the listener, learned from their readings, or not yet
 *
 * @typedef {"black"|"too_dark"|"too_bright"|"covered"|"frozen"|"face_too_far"|"face_cut_off"} PictureProblem
 *
 * @typedef {Object} FrameReply
 * @property {number|null} seq
 * @property {Face[]} faces the listener's first, then by size
 * @property {number[]|null} probabilities what the listener shows at the moment, relative to their resting face
 * @property {number|null} valence of these probabilities, -1..1
 * @property {number|null} arousal likewise
 * @property {BaselineState|null} baseline which resting face the listener is read against
 * @property {Mood|null} mood
 * @property {Group|null} group where everybody in view is read as one
 * @property {PictureProblem|null} picture_problem why this picture says nothing; the mood holds
 * @property {Problem|null} problem
 * @property {number} wait_ms least wait before the next frame
 *
 * @typedef {Object} Track
 * @property {string} id Spotify's, 22 characters, or another source's name, a colon and its key there
 * @property {string} title
 * @property {string} artist
 * @property {number|null} year
 * @property {string} url where people find it; empty where its source has no page for it
 * @property {number} [loudness] of that sound, in LUFS; missing where nobody measured it
 * @property {string} [audio] where its sound is, for an audio element; missing where Spotify plays it
 *
 * @typedef {Track & {valence: number, energy: number, mood: "Calm"|"Energetic"|"Happy"|"Sad", confidence: number,
 *   distance: number}} PlacedTrack a track of a sorted playlist
 *
 * @typedef {Object} SnapReply
 * @property {EmotionName|null} emotion
 * @property {Goal|null} goal
 * @property {string|null} provider
 * @property {string} note one line on who served and why; may be empty
 * @property {Track[]} tracks
 * @property {PathPoint[]} path one for each track
 * @property {(string|null)[]} [wished] for each track the genre wish that it meets, in the listener's words
 * @property {EmotionName|null} [also] the mood's second emotion, where there is enough of it to be said
 * @property {boolean} [stays] whether the goal is where the listener is already
 * @property {string} [name] the page's own line for this hour's list
 * @property {Problem|null} problem
 *
 * @typedef {{track: Track, place: MusicPoint|null, aim?: MusicPoint|null, why: string}} QueueEntry a track of the play queue:
 *   where it lies and where it aims, if that is known, and why it is there, in a few words
 *
 * @typedef {{valence: number, energy: number}} MusicPoint Spotify's features of those names, 0..1
 * @typedef {{aim: MusicPoint, track: MusicPoint|null}} PathPoint where a step aims, and where its track lies if known
 *
 * @typedef {Object} Sample one moment of the mood line
 * @property {number} at_ms Unix milliseconds
 * @property {number[]|null} probabilities null while no face was seen
 * @property {EmotionName|null} mood the one that held
 * @property {number|null} [valence] -1..1; missing in samples that an older page stored
 * @property {number|null} [arousal] likewise
 *
 * @typedef {Object} SharedList
 * @property {EmotionName} emotion
 * @property {Goal} goal
 * @property {string[]} ids of tracks
 *
 * @typedef {Object} Picture
 * @property {Uint8Array} data rows from the top, channels of a pixel side by side (blue, green, red)
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {number} channels 3, or 1 for grey
 *
 * @typedef {Object} FoundFace as in feelharmonic/reading/messages.py
 * @property {number[]} box x, y, width, height in pixels; may reach outside the frame
 * @property {number} score 0..1
 * @property {number[][]|null} landmarks five points: eyes, nose, mouth corners, left of the picture first
 * @property {number|null} id
 *
 * The constants below come from Python (feelharmonic/reading/browser_constants.py) under the same names in lower case.
 * @typedef {{detector_size: [number, number], refiner_size: [number, number], stride: number, size_unit: number,
 *   min_score: number, min_candidate_score: number, sure_score: number, min_refined_score: number,
 *   max_mirrored_score: number, max_score: number, detector_weight: number, min_tracked_score: number, max_refined: number, min_found_px: number,
 *   same_face_iou: number, min_iou: number, window_share: number, sampling_steps: number|null}} FinderConstants
 * @typedef {{full_search_s: number, search_growth: number, longest_search_s: number, points: [number, number],
 *   cell_points: number, changed_levels: number, changed_points: number, beside_widths: number, shoulder_widths: number,
 *   above_heights: number, max_tracked: number, same_face_iou: number, min_iou: number, jitter_share: number, steady_share: number}} TrackerConstants
 * @typedef {{crop_side_px: number, crop_eyes: number[][], crop_mouth: number[][], min_contrast: number,
 *   sampling_steps: number|null}} CropConstants
 * @typedef {{sure_score_of_face: number, min_sharpness: number, listener_relief: number}} ListenerConstants
 * @typedef {{min_sure: number, close: number}} GuessConstants
 * @typedef {{w1: string, scale: number[], b1: number[], w2: number[][], b2: number[], temperatures: number[],
 *   halves: ("upper"|"lower")[], min_hidden: number, min_deviation: number}} CoverConstants
 * @typedef {Object} MoodConstants
 * @property {EmotionName[]} emotions
 * @property {number[][]} valence_arousal of each emotion, -1..1
 * @property {{expression_window_s: number, window_s: number, enter: number, leave: number, margin: number, hold_s: number, lost_after_s: number,
 *   longest_step_s: number}} smoothing
 *
 * @typedef {{neutral: number, neutral_index: number, floor: number, quantile: number, window_s: number, sample_s: number,
 *   prior: number, prior_s: number, below: number, above: number, longest_step_s: number, lost_after_s: number,
 *   other_size: number, other_place: number, other_likeness: number}} BaselineConstants
 *
 * @typedef {{thumbnail_size: [number, number], dark: number, bright: number, dark_without_face: number,
 *   bright_without_face: number, saturated: number, max_saturated_share: number, min_deviation: number, covered_below: number, black: number, black_deviation: number,
 *   frozen_s: number, max_gap_s: number, min_face_px: number, max_outside_share: number}} QualityConstants
 *
 * @typedef {{unchanged_levels: number, same_levels: number, sure_probability: number}} ExpressionConstants
 *
 * @typedef {{expression: ExpressionConstants, finder: FinderConstants, tracker: TrackerConstants, crop: CropConstants, mood: MoodConstants, baseline: BaselineConstants, quality: QualityConstants,
 *   listener: ListenerConstants, cover: CoverConstants, guess: GuessConstants, max_faces_read: number}} ReadingConstants
 */

export {};
