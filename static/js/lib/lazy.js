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
