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

const FOV_USUAL = 60; // degrees: where the slider begins when it leaves "auto"

/** Two changes as one: of what both change, the later one counts. */
export function mergeChanges(earlier, later) {
    const gains = { ...earlier.gains, ...later.gains };
    return { ...earlier, ...later, ...(Object.keys(gains).length > 0 && { gains }) };
}

function makeSlider(grid, { id, name, min, max, step, note, words, onChange }) {
    const input = make("input", { type: "range", id, min, max, step });
    const output = make("output", { for: id });
    grid.append(make("label", { for: id }, name), input, output);
    if (note) {
        grid.append(make("p", { className: "soft" }, note));
    }
    const show = (value) => {
        if (!input.matches(":active")) { // it is being dragged: what it is let go at will be sent
            input.value = value;
            output.textContent = words(Number(input.value));
        }
    };
    input.addEventListener("input", () => (output.textContent = words(Number(input.value))));
    input.addEventListener("change", () => onChange(Number(input.value)));
    return show;
}

/** A slider that may also be left to mocapd: beside it is a box for that. */
function makeAutoSlider(grid, { id, name, auto, start, note, onChange, ...range }) {
    const box = make("input", { type: "checkbox", id: `${id}-auto` });
    const showNumber = makeSlider(grid, { ...range, id, name, onChange });
    const slider = grid.querySelector(`#${id}`);
    const output = grid.querySelector(`output[for=${id}]`);
    grid.append(make("span"), make("label", { className: "check", for: box.id }, box, auto), make("span"), make("p", { className: "soft" }, note));
    const showAuto = (isAuto) => {
        box.checked = slider.disabled = isAuto;
        output.textContent = isAuto ? "auto" : range.words(Number(slider.value));
    };
    box.addEventListener("change", () => {
        showAuto(box.checked);
        onChange(box.checked ? "auto" : Number(slider.value));
    });
    showNumber(start);
    return (value) => {
        showAuto(value === "auto");
        if (value !== "auto") {
            showNumber(value);
        }
    };
}

function makeChoice(grid, { id, name, options, onChange }) {
    const select = make("select", { id }, ...Object.entries(options).map(([value, text]) => make("option", { value }, text)));
    grid.append(make("label", { for: id }, name), select, make("span"));
    select.addEventListener("change", () => onChange(select.value));
    return (value) => (select.value = value);
}

/**
 * @param {{ask: (request: object) => Promise<object>}} control
 * @param {() => string} stream the one shown: the dialog is about that one until it is closed, since another may
 *     be shown meanwhile, when this one is removed
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
        shows.fov(settings.fov);
        for (const [group, has] of Object.entries(GAINS)) {
            const gains = SHAPES.filter(has).map((name) => settings.gains[name] ?? 1);
            shows[group](gains.reduce((sum, gain) => sum + gain, 0) / gains.length);
        }
        said.textContent = settings.changed ? "Changed since mocapd was started; it keeps these settings when it restarts." : "These are the settings that mocapd was started with.";
    }

    let opened; // the stream
    const pending = []; // {name, changes}, of a stream each: they wait for the reply to those before
    let isAsking = false;

    /** Asks for changes. What is in use then is shown, unless a change is still to be sent, which it would undo. */
    async function send(name, changes) {
        const settings = await control.ask({ type: "settings", stream: name, ...changes });
        if (pending.length === 0 && name === opened) {
            show(settings);
        }
    }

    async function sendPending() {
        const { name, changes } = pending.shift();
        try {
            await send(name, changes);
        } catch (error) {
            if (name !== opened) {
                return; // the dialog is about another stream by now
            }
            showProblem(error.message);
            if (pending.length === 0 && Object.keys(changes).length > 0) {
                await send(name, {}).catch(() => {}); // the problem is shown already
            }
        }
    }

    /** Sends changes, one request at a time: those made meanwhile go together. */
    async function ask(changes) {
        showProblem("");
        const last = pending.at(-1);
        if (last?.name === opened) {
            last.changes = changes.reset ? changes : mergeChanges(last.changes, changes);
        } else {
            pending.push({ name: opened, changes });
        }
        if (isAsking) {
            return;
        }
        isAsking = true;
        while (pending.length > 0) {
            await sendPending();
        }
        isAsking = false;
    }

    function fill(box) {
        const page = make("div", { className: "settings-grid" });
        shows.which = makeChoice(page, { id: "which", name: "Face to show", options: WHICH, onChange: preferences.setWhich });
        const grid = make("div", { className: "settings-grid" });
        shows.smooth = makeChoice(grid, { id: "smooth", name: "Smoothing", options: { on: "on", off: "off (raw network output)" }, onChange: (value) => ask({ smooth: value === "on" }) });
        shows.steady = makeSlider(grid, { id: "steady", name: "Steadiness", min: 0, max: 10, step: 1, note: "How still a resting face is held. Higher values are calmer but lag a little more.", words: String, onChange: (value) => ask({ smooth_min_cutoff: cutoffOf(value) }) });
        shows.quick = makeSlider(grid, { id: "quick", name: "Quickness", min: 0, max: 60, step: 5, note: "How quickly smoothing gives way when the face moves. Higher values lag less.", words: String, onChange: (value) => ask({ smooth_beta: value }) });
        shows.fov = makeAutoSlider(grid, { id: "fov", name: "Field of view", min: 5, max: 170, step: 1, auto: "Estimate it from the faces", start: FOV_USUAL, note: "The camera’s, along the longer edge of its image. Laptop cameras have 55 to 65 degrees, webcams 60 to 80.", words: (value) => `${value}°`, onChange: (value) => ask({ fov: value }) });
        for (const [group, has] of Object.entries(GAINS)) {
            shows[group] = makeSlider(grid, { id: `gain-${Object.keys(GAINS).indexOf(group)}`, name: group, min: 0, max: 3, step: 0.05, words: (value) => `× ${value.toFixed(2)}`, onChange: (value) => ask({ gains: Object.fromEntries(SHAPES.filter(has).map((name) => [name, value])) }) });
        }
        const reset = make("button", { type: "button", id: "settings-reset" }, "Restore the settings mocapd was started with");
        reset.addEventListener("click", () => ask({ reset: true }));
        box.append(make("h3", {}, "This page"), page, make("h3", {}, "The stream: applies to every program that reads it"), problem, grid, said, make("div", { className: "row end" }, reset));
    }

    makeDialog("settings", {
        open(box) {
            if (box.childElementCount === 0) {
                fill(box);
            }
            opened = stream();
            shows.which(preferences.which);
            ask({});
        },
    });
}
