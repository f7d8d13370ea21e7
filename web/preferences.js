/** Theme and mirror, kept for the next visit. */
import { readColours } from "./canvas.js";

const THEMES = ["system", "light", "dark"];

function keep(name, value) {
    try {
        localStorage.setItem(name, value);
    } catch {
        // Storage may be disabled; preferences then last for this visit.
    }
}

function recall(name) {
    try {
        return localStorage.getItem(name);
    } catch {
        return null;
    }
}

/** Where the stylesheet has its dark colours. */
const isDarkRule = (rule) => rule instanceof CSSMediaRule && rule.cssText.includes("color-scheme: dark");
const darkRule = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).find(isDarkRule);

function applyTheme(button, theme) {
    darkRule.media.mediaText = { system: "(prefers-color-scheme: dark)", light: "not all", dark: "all" }[theme];
    button.textContent = `Theme: ${theme}`;
}

/**
 * @param {{theme: HTMLButtonElement, mirror: HTMLButtonElement}} buttons
 * @returns an object with isMirror, colours, and onChange to be set
 */
export function makePreferences({ theme, mirror }) {
    const preferences = { isMirror: recall("mirror") !== "no", colours: null, onChange: () => {} };
    let current = THEMES.includes(recall("theme")) ? recall("theme") : "system";
    const refresh = () => {
        applyTheme(theme, current);
        mirror.setAttribute("aria-pressed", String(preferences.isMirror));
        preferences.colours = readColours();
        preferences.onChange();
    };
    theme.addEventListener("click", () => {
        current = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
        keep("theme", current);
        refresh();
    });
    mirror.addEventListener("click", () => {
        preferences.isMirror = !preferences.isMirror;
        keep("mirror", preferences.isMirror ? "yes" : "no");
        refresh();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
    document.addEventListener("keydown", (event) => {
        const isTyping = event.target.closest?.("select, input");
        if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        ({ m: mirror, t: theme })[event.key.toLowerCase()]?.click();
    });
    refresh();
    return preferences;
}
