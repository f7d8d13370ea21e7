/** The avatars that need three.js: bundled into one file, loaded when wanted. */
export { makeHead } from "./head.js";
export { makeModel } from "./model.js";
