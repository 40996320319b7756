/**
 * The page's texts in the language that the server chose; static/messages/ holds them all.
 */

/**
 * @param {Record<string, string>} messages by key; {name} in a text is filled in
 * @returns {import("../types.js").Translate}
 */
export function translator(messages) {
  return (key, values = {}) => {
    const text = messages[key];
    if (text === undefined) {
      throw new Error(`Expected a text for "${key}" in static/messages, found none.`);
    }
    return text.replace(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
  };
}
