/** Keys for the whole page. */

/** @param {Record<string, () => void>} actions by key, in lower case */
export function listenForKeys(actions) {
    document.addEventListener("keydown", (event) => {
        const isTyping = event.target.closest?.("select, input, textarea, dialog");
        if (!isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
            actions[event.key.toLowerCase()]?.();
        }
    });
}
