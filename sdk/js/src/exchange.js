// The exchange that the plugin is working for.

import host from "#host/exchange";
import { textOf } from "./text.js";

const some = (/** @type {any} */ value) => value ?? undefined;

export const id = () => host.id();
export const clientAddress = () => host.clientAddress();
export const tlsVersion = () => some(host.tlsVersion());
export const tlsCipher = () => some(host.tlsCipher());
export const tlsServerName = () => some(host.tlsServerName());
export const clientCertificateSubject = () => some(host.clientCertificateSubject());
export const clientCertificateFingerprint = () => some(host.clientCertificateFingerprint());
export const route = () => some(host.route());
export const tenant = () => some(host.tenant());
export const requestHeader = (/** @type {string} */ name) => {
  const value = host.requestHeader(name);
  return value == null ? undefined : textOf(value);
};
export const requestCookie = (/** @type {string} */ name) => some(host.requestCookie(name));
export const requestPath = () => host.requestPath();
export const deadlineLeft = () => some(host.deadlineLeft());
export const cpuLeft = () => host.cpuLeft();
export const note = (/** @type {string} */ name, /** @type {string} */ value) => host.note(name, String(value));
export const noted = (/** @type {string} */ name) => some(host.noted(name));
