/** Makes elements. */

/**
 * @param {string} tag
 * @param {object} [properties] of the element; "aria-…", "data-…" and "role" become attributes
 * @param {...(Node | string)} children
 */
export function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name.includes("-") || name === "role" || name === "for") {
            element.setAttribute(name, value);
        } else {
            element[name] = value;
        }
    }
    element.append(...children);
    return element;
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only where it changes: screen readers announce each change of a status. */
export function setText(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

/** Copies text, and says so on the button for a moment. */
export async function copyFrom(button, text) {
    const label = button.textContent;
    try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
    } catch {
        button.textContent = "Select the text and press Ctrl+C"; // the browser allows it on secure pages only
    }
    setTimeout(() => (button.textContent = label), 2000);
}
