/** Dialogs: a button opens one, Escape and its own button close it. */
import { byId, make } from "./elements.js";

/**
 * @param {string} name its elements are NAME-button, NAME-dialog and NAME
 * @param {{open: (box: HTMLElement) => void, close?: () => void}} does what is done then
 */
export function makeDialog(name, { open, close }) {
    const dialog = byId(`${name}-dialog`);
    const closing = make("button", { type: "button", className: "close" }, "Close");
    closing.addEventListener("click", () => dialog.close());
    dialog.prepend(closing);
    dialog.addEventListener("close", () => close?.());
    byId(`${name}-button`).addEventListener("click", () => {
        dialog.showModal();
        open(byId(name));
    });
}
