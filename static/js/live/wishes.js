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

/** @param {string} text names between commas @returns {string[]} lower case, each once */
export function genres(text) {
  return [...new Set(text.toLowerCase().split(",").map((name) => name.trim()))].filter(Boolean);
}
