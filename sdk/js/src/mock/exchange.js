import { bytesOf } from "../text.js";
import { state } from "./state.js";

const fact = (/** @type {string} */ name) => () => state.exchange[name] ?? null;

export default {
  id: fact("id"),
  clientAddress: fact("clientAddress"),
  tlsVersion: fact("tlsVersion"),
  tlsCipher: fact("tlsCipher"),
  tlsServerName: fact("tlsServerName"),
  clientCertificateSubject: fact("clientCertificateSubject"),
  clientCertificateFingerprint: fact("clientCertificateFingerprint"),
  route: fact("route"),
  tenant: fact("tenant"),
  requestPath: fact("requestPath"),
  deadlineLeft: fact("deadlineLeft"),
  cpuLeft: () => 10_000,
  requestHeader(/** @type {string} */ name) {
    const value = state.headers[name.toLowerCase()];
    return value === undefined ? null : bytesOf(value);
  },
  requestCookie(/** @type {string} */ name) {
    const pairs = String(state.headers.cookie ?? "").split(";").map((pair) => pair.trim());
    return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  },
  note(/** @type {string} */ name, /** @type {string} */ value) {
    state.notes.set(name, value);
    return true;
  },
  noted: (/** @type {string} */ name) => state.notes.get(name) ?? null,
};
