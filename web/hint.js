/** What to do when there is nothing to see: a sentence and the command to type. */
import { byId, copyFrom, setText } from "./elements.js";

/**
 * @param {{isOffline: boolean, web: object | null, hello: object | null, refusal?: string}} link
 * @returns {{text: string, command?: string} | null} null: nothing is wrong
 */
export function hintOf({ isOffline, web, hello, refusal }) {
    if (isOffline) {
        return refusal
            ? { text: `mocap-web refuses this page: ${refusal}` }
            : { text: "mocap-web is not responding. Is it running?", command: "mocap-web" };
    }
    if (web && !web.daemon) {
        const socket = web.socket ? ` --socket ${web.socket}` : "";
        return { text: `mocap-web is waiting for mocapd${web.reason ? `: ${web.reason}` : ""}. Start mocapd in a terminal:`, command: `mocapd${socket}` };
    }
    if (hello && hello.streams.length === 0) {
        return { text: "mocapd has no streams. Add a camera, or try the built-in clip:", command: "mocapd --stream demo=demo: --repeat" };
    }
    return null;
}

/** Returns a function that shows a hint, or none. */
export function makeHint() {
    byId("hint-copy").addEventListener("click", ({ target }) => copyFrom(target, byId("hint-command").textContent));
    return (hint) => {
        byId("hint").hidden = hint === null;
        if (hint) {
            setText(byId("hint-text"), hint.text);
            setText(byId("hint-command"), hint.command ?? "");
            byId("hint-command-row").hidden = hint.command === undefined;
        }
    };
}
