/**
 * The listener's wishes for every track: reads the controls, returns them under the server's names. Lost with the page.
 */

const DECADES = [1960, 1970, 1980, 1990, 2000, 2010, 2020];

/**
 * @param {HTMLElement} element holds the controls
 * @param {import("../types.js").Translate} t
 * @param {() => void} onChange
 * @returns {() => Record<string, unknown>} the wishes of the moment; nothing asked is left out
 */
export function wishes(element, t, onChange) {
  const row = /** @type {HTMLElement} */ (element.querySelector("#decades"));
  for (const year of DECADES) {
    const label = row.appendChild(document.createElement("label"));
    const box = label.appendChild(document.createElement("input"));
    Object.assign(box, { type: "checkbox", name: "decade", value: String(year) });
    label.append(t("wish.decade", { year }));
  }
  element.addEventListener("change", onChange);
  genreNames(element, t);
  /** @param {string} selector */
  const field = (selector) => /** @type {HTMLInputElement} */ (element.querySelector(selector));
  return () => {
    const decades = [...row.querySelectorAll("input:checked")].map((box) => Number(/** @type {HTMLInputElement} */ (box).value));
    const liked = genres(field("#genres-liked").value);
    const barred = genres(field("#genres-barred").value);
    const familiarity = field("#familiarity").value;
    return {
      ...(decades.length && { decades }),
      ...(liked.length && { genres_liked: liked }),
      ...(barred.length && { genres_barred: barred }),
      ...(familiarity && { familiarity: Number(familiarity) }),
      ...(field("#instrumental").checked && { instrumental_only: true }),
      ...(field("#clean").checked && { explicit: false }),
    };
  };
}

/** How long the listener pauses before the server is asked what the names mean. */
const PAUSE_MS = 400;

/**
 * Completes the last name in the fields for genres, and says which names mean nothing here.
 * @param {HTMLElement} element
 * @param {import("../types.js").Translate} t
 */
function genreNames(element, t) {
  const fields = ["#genres-liked", "#genres-barred"].map((name) => /** @type {HTMLInputElement} */ (element.querySelector(name)));
  const list = element.querySelector("#genre-names");
  const unknown = /** @type {HTMLElement} */ (element.querySelector("#genres-unknown"));
  let timer = 0;
  let names = /** @type {string[]} */ ([]);
  const check = async () => {
    const asked = fields.flatMap(({ value }) => genres(value));
    try {
      const response = await fetch(`api/v1/genres?wishes=${encodeURIComponent(asked.join(","))}`);
      const reply = response.ok ? await response.json() : { genres: names, meant: {} };
      names = reply.genres;
      const none = asked.filter((name) => reply.meant[name] === 0);
      unknown.textContent = none.length ? t("wish.unknown", { names: none.map((name) => `“${name}”`).join(", ") }) : "";
      unknown.hidden = none.length === 0;
    } catch {
      unknown.hidden = true; // without a network nobody can say
    }
  };
  for (const field of fields) {
    field.addEventListener("focus", () => names.length || check(), { once: true });
    field.addEventListener("input", () => {
      list?.replaceChildren(...completions(field.value, names).map((value) => Object.assign(document.createElement("option"), { value })));
      clearTimeout(timer);
      timer = window.setTimeout(check, PAUSE_MS);
    });
  }
}

/**
 * What a field's text may become: the names before stay, the last one is completed.
 * @param {string} text names between commas
 * @param {string[]} names
 * @returns {string[]}
 */
export function completions(text, names) {
  const comma = text.lastIndexOf(",") + 1;
  const start = text.slice(0, comma) + (comma ? " " : "");
  const last = text.slice(comma).trim().toLowerCase();
  return last ? names.filter((name) => name.startsWith(last) && name !== last).slice(0, 8).map((name) => start + name) : [];
}

/** @param {string} text names between commas @returns {string[]} lower case, each once */
export function genres(text) {
  return [...new Set(text.toLowerCase().split(",").map((name) => name.trim()))].filter(Boolean);
}
