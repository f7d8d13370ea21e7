/** Settings: of the stream, kept by mocapd; and of this page, kept by the browser. */
import { makeProblem } from "./control.js";
import { makeDialog } from "./dialog.js";
import { make } from "./elements.js";
import { SHAPES, WHICH } from "./face.js";

/** Groups of shapes that have one gain on the page. */
const GAINS = {
    "Eyes and lids": (name) => /^eye/.test(name),
    Brows: (name) => /^brow/.test(name),
    "Mouth and jaw": (name) => /^(mouth|jaw|tongue)/.test(name),
    "Cheeks and nose": (name) => /^(cheek|nose)/.test(name),
};

/** Steadiness from 0 to 10: the filter's cutoff at rest, halved with each two steps; 4 is 1 Hz. */
export const cutoffOf = (steadiness) => 2 ** ((4 - steadiness) / 2);
export const steadinessOf = (cutoff) => Math.round(4 - 2 * Math.log2(cutoff));

function makeSlider(grid, { id, name, min, max, step, note, words, onChange }) {
    const input = make("input", { type: "range", id, min, max, step });
    const output = make("output", { for: id });
    grid.append(make("label", { for: id }, name), input, output);
    if (note) {
        grid.append(make("p", { className: "soft" }, note));
    }
    const show = (value) => {
        input.value = value;
        output.textContent = words(Number(input.value));
    };
    input.addEventListener("input", () => (output.textContent = words(Number(input.value))));
    input.addEventListener("change", () => onChange(Number(input.value)));
    return show;
}

function makeChoice(grid, { id, name, options, onChange }) {
    const select = make("select", { id }, ...Object.entries(options).map(([value, text]) => make("option", { value }, text)));
    grid.append(make("label", { for: id }, name), select, make("span"));
    select.addEventListener("change", () => onChange(select.value));
    return (value) => (select.value = value);
}

/**
 * @param {{ask: (request: object) => Promise<object>}} control
 * @param {() => string} stream the one shown
 * @param {ReturnType<typeof import("./preferences.js").makePreferences>} preferences
 */
export function makeSettings(control, stream, preferences) {
    const [problem, showProblem] = makeProblem();
    const said = make("p", { role: "status", className: "soft" });
    const shows = {};

    function show(settings) {
        shows.smooth(settings.smooth ? "on" : "off");
        shows.steady(steadinessOf(settings.smooth_min_cutoff));
        shows.quick(settings.smooth_beta);
        shows.fov(settings.fov === "auto" ? 0 : settings.fov);
        for (const [group, has] of Object.entries(GAINS)) {
            const gains = SHAPES.filter(has).map((name) => settings.gains[name] ?? 1);
            shows[group](gains.reduce((sum, gain) => sum + gain, 0) / gains.length);
        }
        said.textContent = settings.changed ? "Changed from what mocapd was started with; kept for its next start." : "As mocapd was started.";
    }

    async function ask(changes) {
        showProblem("");
        try {
            show(await control.ask({ type: "settings", stream: stream(), ...changes }));
        } catch (error) {
            showProblem(error.message);
            if (Object.keys(changes).length > 0) {
                await showCurrent().catch(() => {}); // the problem is shown already
            }
        }
    }

    const showCurrent = async () => show(await control.ask({ type: "settings", stream: stream() }));

    function fill(box) {
        const page = make("div", { className: "settings-grid" });
        shows.which = makeChoice(page, { id: "which", name: "Face to show", options: WHICH, onChange: preferences.setWhich });
        const grid = make("div", { className: "settings-grid" });
        shows.smooth = makeChoice(grid, { id: "smooth", name: "Smoothing", options: { on: "on", off: "off: as the network sees it" }, onChange: (value) => ask({ smooth: value === "on" }) });
        shows.steady = makeSlider(grid, { id: "steady", name: "Steadiness", min: 0, max: 10, step: 1, note: "How still a face at rest is held. Higher is calmer, and lags a little more.", words: String, onChange: (value) => ask({ smooth_min_cutoff: cutoffOf(value) }) });
        shows.quick = makeSlider(grid, { id: "quick", name: "Quickness", min: 0, max: 60, step: 5, note: "How soon smoothing lets go of a face that moves. Higher lags less.", words: String, onChange: (value) => ask({ smooth_beta: value }) });
        shows.fov = makeSlider(grid, { id: "fov", name: "Field of view", min: 0, max: 120, step: 1, note: "Of the camera, along the longer edge; 0 estimates it from the faces. Laptops have 55 to 65 degrees, webcams 60 to 80.", words: (value) => (value < 5 ? "auto" : `${value}°`), onChange: (value) => ask({ fov: value < 5 ? "auto" : value }) });
        for (const [group, has] of Object.entries(GAINS)) {
            shows[group] = makeSlider(grid, { id: `gain-${Object.keys(GAINS).indexOf(group)}`, name: group, min: 0, max: 3, step: 0.05, words: (value) => `× ${value.toFixed(2)}`, onChange: (value) => ask({ gains: Object.fromEntries(SHAPES.filter(has).map((name) => [name, value])) }) });
        }
        const reset = make("button", { type: "button", id: "settings-reset" }, "Back to what mocapd was started with");
        reset.addEventListener("click", () => ask({ reset: true }));
        box.append(make("h3", {}, "This page"), page, make("h3", {}, "The stream, for every program that reads it"), problem, grid, said, make("div", { className: "row end" }, reset));
    }

    makeDialog("settings", {
        open(box) {
            if (box.childElementCount === 0) {
                fill(box);
            }
            shows.which(preferences.which);
            ask({});
        },
    });
}
