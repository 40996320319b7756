/**
 * The page's texts in the language that the server chose; static/messages/ holds them all.
 */

/**
 * @param {Record<string, string>} words by key; {name} in a text is filled in
 * @returns {import("../types.js").Say}
 */
export function speaker(words) {
  return (key, values = {}) => {
    const text = words[key];
    if (text === undefined) {
      throw new Error(`Expected a text for "${key}" in static/messages, found none.`);
    }
    return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}
