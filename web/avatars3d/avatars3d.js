/** The avatars that need three.js, bundled into one file and loaded on demand. */
export { makeHead } from "./head.js";
export { makeModel } from "./model.js";
