/** Theme, mirror and whose face: kept for the next visit, overruled by the page's address. */
import { readColours } from "./canvas.js";
import { WHICH } from "./face.js";
import { keep, recall } from "./storage.js";

const THEMES = ["system", "light", "dark"];

/** Where the stylesheet has its dark colours. */
const isDarkRule = (rule) => rule instanceof CSSMediaRule && rule.cssText.includes("color-scheme: dark");
const darkRule = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).find(isDarkRule);

function applyTheme(button, theme) {
    darkRule.media.mediaText = { system: "(prefers-color-scheme: dark)", light: "not all", dark: "all" }[theme];
    button.textContent = `Theme: ${theme}`;
}

/**
 * @param {{theme: HTMLButtonElement, mirror: HTMLButtonElement}} buttons
 * @param {{isMirror?: boolean, face?: string}} address
 * @returns an object with isMirror, which (face), colours, and onChange to be set
 */
export function makePreferences({ theme, mirror }, address) {
    const which = address.face ?? recall("face");
    const preferences = {
        isMirror: address.isMirror ?? recall("mirror") !== "no",
        which: Object.hasOwn(WHICH, which ?? "") ? which : "steady",
        colours: null,
        onChange: () => {},
        setWhich(name) {
            preferences.which = name;
            keep("face", name);
            refresh();
        },
    };
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
    refresh();
    return preferences;
}
