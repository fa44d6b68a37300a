// Numbers that nobody can guess.

import host from "#host/random";

export const bytes = (/** @type {number} */ length) => host.bytes(length);
/** 53 bits of a number: what JavaScript's numbers hold exactly. */
export const number = () => {
  const [a, b, c, d, e, f, g] = host.bytes(7);
  return ((a & 0x1f) * 0x1000000 + (b << 16) + (c << 8) + d) * 0x1000000 + (e << 16) + (f << 8) + g;
};
