/**
 * Loads once what is needed only later. A load that failed is tried again at the next call.
 * @template T @param {() => Promise<T>} load @returns {() => Promise<T>}
 */
export function lazy(load) {
  /** @type {Promise<T>|null} */ let loading = null;
  return () => {
    loading ??= load().catch((fault) => {
      loading = null;
      throw fault;
    });
    return loading;
  };
}

/** @param {string} href of a style sheet @returns {Promise<void>} resolves also where it fails: what it styles works without */
export function loadSheet(href) {
  return new Promise((resolve) => {
    if (document.querySelector(`link[href="${href}"]`)) {
      resolve();
      return;
    }
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => resolve());
    document.head.append(link);
  });
}
