// The time.

import host from "#host/clock";

export const monotonic = () => host.monotonic();
export const wall = () => host.wall();
