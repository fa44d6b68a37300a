// Bytes as text and back. QuickJS has no TextDecoder, so this is written out.

/**
 * The bytes of a text in UTF-8. Bytes are given back as they are.
 * @param {string | Uint8Array | number} value
 * @returns {Uint8Array}
 */
export function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  const text = String(value);
  const bytes = [];
  for (const character of text) {
    const code = /** @type {number} */ (character.codePointAt(0));
    const point = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(point));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    else bytes.push(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
  }
  return Uint8Array.from(bytes);
}

/**
 * The bytes as text, with U+FFFD for what is no UTF-8.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function textOf(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; ) {
    const length = lengthAt(bytes, at);
    parts.push(length === 0 ? "\ufffd" : String.fromCodePoint(pointAt(bytes, at, length)));
    at += Math.max(length, 1);
  }
  return parts.join("");
}

const tail = (/** @type {number} */ point) => 0x80 | (point & 0x3f);

/**
 * How many bytes the character at a place has; 0 for none.
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function lengthAt(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  for (let next = at + 1; next < at + length; next++) {
    if (next >= bytes.length || (bytes[next] & 0xc0) !== 0x80) return 0;
  }
  const point = length === 0 ? 0 : pointAt(bytes, at, length);
  const isShortest = length < 3 || point >= (length === 3 ? 0x800 : 0x10000);
  const isScalar = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
  return isShortest && isScalar ? length : 0;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} length
 */
function pointAt(bytes, at, length) {
  if (length === 1) return bytes[at];
  let point = bytes[at] & (0xff >> (length + 1));
  for (let next = at + 1; next < at + length; next++) point = (point << 6) | (bytes[next] & 0x3f);
  return point;
}
