import { state } from "./state.js";

export default {
  monotonic: () => state.now.monotonic,
  wall: () => state.now.wall,
};
