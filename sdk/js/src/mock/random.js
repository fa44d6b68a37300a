export default {
  bytes: (/** @type {number} */ length) => crypto.getRandomValues(new Uint8Array(Math.min(length, 4096))),
};
