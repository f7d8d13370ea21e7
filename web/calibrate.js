/** Calibrate: the neutral face, and how far a person's expressions reach. */
import { makeProblem } from "./control.js";
import { makeDialog } from "./dialog.js";
import { make } from "./elements.js";

const both = (name) => [`${name}Left`, `${name}Right`];
const NEUTRAL_MS = 1500; // about how long the daemon measures,
const RANGE_MS = 2200;
const READY_MS = 1500; // to begin the expression

/** [what to do, what is measured] */
export const STEPS = [
    ["Open your mouth wide", ["jawOpen"]],
    ["Smile as broadly as you can", both("mouthSmile")],
    ["Raise your brows", ["browInnerUp", ...both("browOuterUp")]],
    ["Pull your brows down", both("browDown")],
    ["Close your eyes", both("eyeBlink")],
    ["Open your eyes wide", both("eyeWide")],
    ["Look left, head still", ["eyeLookOutLeft", "eyeLookInRight"]],
    ["Look right, head still", ["eyeLookInLeft", "eyeLookOutRight"]],
    ["Look up, head still", both("eyeLookUp")],
    ["Look down, head still", both("eyeLookDown")],
    ["Purse your lips as for a kiss", ["mouthPucker"]],
    ["Turn the corners of your mouth down", both("mouthFrown")],
    ["Puff your cheeks", ["cheekPuff"]],
    ["Wrinkle your nose", both("noseSneer")],
];

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a reply says of a step, for the face furthest left. */
function resultOf({ ranges }) {
    const [range] = ranges ?? [];
    const peaks = Object.entries(range?.peaks ?? {});
    const reached = Math.max(0, ...peaks.map(([, peak]) => peak));
    return reached < 0.25 ? "too weak to measure; unchanged" : `reached ${Math.round(100 * reached)} %, gain ${Math.max(...Object.values(range.gains)).toFixed(2)}`;
}

/**
 * @param {{ask: (request: object) => Promise<object>}} control
 * @param {() => string} stream the one shown: what the dialog is opened for is about that one until it is closed,
 *     since another may be shown meanwhile, when this one is removed
 */
export function makeCalibrate(control, stream) {
    const [problem, showProblem] = makeProblem();
    const guide = make("p", { role: "status" });
    const progress = make("progress", { max: 1, value: 0, "aria-label": "Progress of the measurement", hidden: true });
    const profile = make("select", { id: "profile" });
    const profileName = make("input", { type: "text", id: "profile-name", maxLength: 63, pattern: "[A-Za-z0-9_\\-]+" });
    const list = make("ul", { className: "steps" });
    let opened; // the stream
    let results = [];
    let isBusy = false;
    let isStopped = false;

    const button = (id, text, onClick, className = "") => {
        const made = make("button", { type: "button", id, className }, text);
        made.addEventListener("click", onClick);
        return made;
    };

    function setBusy(value) {
        isBusy = value;
        progress.hidden = !value;
        document.querySelectorAll("#calibrate button, #calibrate select").forEach((one) => (one.disabled = value && one.id !== "calibrate-stop"));
        stop.hidden = !value;
    }

    /** Moves the bar over a time that the daemon needs about; the reply ends it. */
    function run(ms) {
        const fromMs = performance.now();
        const timer = setInterval(() => (progress.value = Math.min(0.97, (performance.now() - fromMs) / ms)), 50);
        return () => {
            clearInterval(timer);
            progress.value = 1;
        };
    }

    async function measure(name, request, ms) {
        const end = run(ms);
        try {
            return await control.ask({ type: "calibrate", stream: name, ...request });
        } finally {
            end();
        }
    }

    /** Says how it goes, unless the dialog is about another stream by now. */
    const say = (name, text, where = guide) => {
        if (name === opened) {
            where.textContent = text;
        }
    };

    /**
     * @param {(stream: string) => Promise<void>} work
     * @returns {Promise<boolean>} whether all went well
     */
    async function attempt(work) {
        if (isBusy) {
            return false;
        }
        showProblem("");
        setBusy(true);
        isStopped = false;
        const name = opened;
        try {
            await work(name);
            return true;
        } catch (error) {
            if (name !== opened) {
                return false; // the dialog is about another stream by now
            }
            guide.textContent = "";
            showProblem(error.code === "no-face" ? "No face looked at the camera for long enough. Look at the camera and try again." : error.message);
            return false;
        } finally {
            setBusy(false);
        }
    }

    const neutral = () =>
        attempt(async (name) => {
            say(name, "Look at the camera: eyes open, mouth closed, face at rest …");
            const { faces, profile: used } = await measure(name, { action: "neutral" }, NEUTRAL_MS);
            say(name, `Measured ${faces === 1 ? "your neutral face" : `${faces} neutral faces`}; saved in profile ${used}.`);
            await refresh(name);
        });

    async function measureStep(name, index) {
        const [words, shapes] = STEPS[index];
        say(name, `${words} and hold …`);
        progress.value = 0;
        await sleep(READY_MS);
        say(name, resultOf(await measure(name, { action: "range", shapes }, RANGE_MS)), results[index]);
    }

    const range = () =>
        attempt(async (name) => {
            for (let index = 0; index < STEPS.length && !isStopped; index++) {
                await measureStep(name, index);
            }
            say(name, isStopped ? "Stopped. The steps already measured are saved." : "All steps measured and saved.");
        });

    const one = (index) =>
        attempt(async (name) => {
            await measureStep(name, index);
            say(name, "Measured and saved.");
        });

    async function refresh(name) {
        const { profile: current, profiles, faces } = await control.ask({ type: "calibrate", stream: name, action: "show" });
        if (name !== opened) {
            return; // it is about another stream by now
        }
        const names = [...new Set(["default", current, ...profiles])].sort();
        profile.replaceChildren(...names.map((one) => make("option", { selected: one === current }, one)));
        const hasNeutral = faces.some((face) => face.neutral);
        state.textContent = `Profile ${current}: ${hasNeutral ? "your neutral face has been measured" : "no neutral face measured yet; it is being estimated as you move"}.`;
    }

    const change = (request, words) =>
        attempt(async (name) => {
            await control.ask({ type: "calibrate", stream: name, ...request });
            say(name, words);
            await refresh(name);
        });

    const stop = button("calibrate-stop", "Stop", () => (isStopped = true));
    stop.hidden = true;
    const state = make("p", { className: "soft" });
    profile.addEventListener("change", () => change({ action: "use", profile: profile.value }, `Profile ${profile.value} is in use.`));
    const fresh = button("calibrate-profile", "Measure as a new person", () => {
        const person = profileName.value.trim();
        if (!/^[A-Za-z0-9_-]{1,63}$/.test(person)) {
            showProblem("A name may contain only letters, digits, _ and -, and at most 63 of them.");
            return;
        }
        attempt(async (name) => {
            say(name, "Look at the camera: eyes open, mouth closed, face at rest …");
            await measure(name, { action: "neutral", profile: person }, NEUTRAL_MS);
            say(name, `Measured the neutral face of ${person}.`);
            await refresh(name);
        });
    });

    function fill(box) {
        results = STEPS.map(() => make("span", { className: "result" }));
        list.replaceChildren(...STEPS.map(([words], index) => make("li", {}, make("span", {}, words), results[index], button(`step-${index}`, "Measure", () => one(index)))));
        box.append(
            state,
            problem,
            make("div", { className: "row" }, button("calibrate-neutral", "Neutral face", neutral, "primary"), button("calibrate-range", "Full range, step by step", range), stop),
            make("div", { className: "guide" }, guide, progress),
            make("p", { className: "soft" }, "Every expression is compared with your neutral face: look at the camera for a second to measure it. Measuring the range lets weak expressions reach full strength."),
            list,
            make("div", { className: "row" }, make("label", { for: "profile" }, "Person"), profile, make("label", { for: "profile-name" }, "New name"), profileName, fresh, button("calibrate-reset", "Delete measurements", () => change({ action: "reset" }, "Deleted."))),
        );
    }

    makeDialog("calibrate", {
        open(box) {
            if (box.childElementCount === 0) {
                fill(box);
            }
            if (opened !== stream()) {
                opened = stream();
                results.forEach((one) => (one.textContent = "")); // of another stream
            }
            showProblem("");
            guide.textContent = "";
            refresh(opened).catch((error) => showProblem(error.message));
        },
        close: () => (isStopped = true),
    });
}
