/**
 * The blend shapes: left and right in one row, with bars that grow from the middle to the
 * side where the viewer sees them, grouped by eyes, brows and mouth.
 */
import { make } from "./elements.js";

const NUMBERS_EVERY_MS = 150;
const MOVED = 0.005; // what a bar's length must change by to be drawn again

/** [title, rows]; a row is [name, shape] or [name, first, second]: the two sides. */
const GROUPS = [
    ["Eyes", [
        ["blink", "eyeBlink"], ["wide", "eyeWide"], ["squint", "eyeSquint"], ["look up", "eyeLookUp"],
        ["look down", "eyeLookDown"], ["look in", "eyeLookIn"], ["look out", "eyeLookOut"],
    ]],
    ["Brows, cheeks", [
        ["inner brow up", ["browInnerUp"]], ["outer brow up", "browOuterUp"], ["brow down", "browDown"],
        ["cheek squint", "cheekSquint"], ["cheeks puffed", ["cheekPuff"]], ["nose sneer", "noseSneer"],
    ]],
    ["Jaw and tongue", [
        ["jaw open", ["jawOpen"]], ["jaw sideways", "jaw"], ["jaw forward", ["jawForward"]], ["tongue out", ["tongueOut"]],
    ]],
    ["Mouth", [
        ["smile", "mouthSmile"], ["frown", "mouthFrown"], ["stretch", "mouthStretch"], ["dimple", "mouthDimple"],
        ["press", "mouthPress"], ["sideways", "mouth"], ["upper lip up", "mouthUpperUp"], ["lower lip down", "mouthLowerDown"],
        ["pucker", ["mouthPucker"]], ["funnel", ["mouthFunnel"]], ["close", ["mouthClose"]],
        ["upper lip rolled", ["mouthRollUpper"]], ["lower lip rolled", ["mouthRollLower"]],
        ["upper lip shrug", ["mouthShrugUpper"]], ["lower lip shrug", ["mouthShrugLower"]],
    ]],
];

function makeMeter(row, name, way) {
    const bar = make("i");
    const number = make("span", { className: "number", "aria-hidden": "true" });
    const track = make("span", { className: `track ${way}` }, bar);
    for (const [attribute, value] of Object.entries({ role: "meter", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0, "aria-label": name })) {
        track.setAttribute(attribute, value);
    }
    row.append(...(way === "leftwards" ? [number, track] : [track, number]));
    return { bar, number, track, drawn: -1, said: -1 };
}

function makeRow(list, [name, shape]) {
    const row = make("div", { className: "shape-row" });
    list.append(row);
    if (Array.isArray(shape)) {
        row.classList.add("single");
        row.append(make("span", { className: "name" }, name));
        return [{ shapeOf: () => shape[0], ...makeMeter(row, name, "rightwards") }];
    }
    const label = make("span", { className: "name" }, name);
    const left = makeMeter(row, "", "leftwards");
    row.append(label);
    const right = makeMeter(row, "", "rightwards");
    // An avatar's right is on the viewer's left; in a mirror that is the person's left.
    return [
        { shapeOf: () => `${shape}Right`, side: "left", name, ...left },
        { shapeOf: () => `${shape}Left`, side: "right", name, ...right },
    ];
}

function drawBar(meter, value) {
    if (Math.abs(value - meter.drawn) >= MOVED) {
        meter.drawn = value;
        meter.bar.style.transform = `scaleX(${value.toFixed(3)})`;
    }
}

function sayNumber(meter, value) {
    const percent = Math.round(100 * value);
    if (percent !== meter.said) {
        meter.said = percent;
        meter.number.textContent = String(percent);
        meter.track.setAttribute("aria-valuenow", percent);
    }
}

/** @returns {(face: object, isMirror: boolean) => void} shows a face's shapes */
export function makeShapeRows(box) {
    const meters = [];
    const heads = [];
    for (const [title, rows] of GROUPS) {
        const list = make("div", { className: "shape-rows" });
        const sides = ["left", "right"].map((side) => make("span", { className: `side ${side}` }));
        heads.push(sides);
        box.append(make("section", { className: "shape-group", "aria-label": title }, make("h3", {}, sides[0], make("span", {}, title), sides[1]), list));
        meters.push(...rows.flatMap((row) => makeRow(list, row)));
    }
    let wasMirror;
    let timer = 0; // until the numbers are next written
    let shown = null; // the face

    function label(isMirror) {
        const words = isMirror ? ["your left", "your right"] : ["your right", "your left"];
        heads.forEach(([left, right]) => ([left.textContent, right.textContent] = words));
        for (const { side, name, track } of meters) {
            if (side) {
                track.setAttribute("aria-label", `${name}, ${words[side === "left" ? 0 : 1]}`);
            }
        }
        wasMirror = isMirror;
    }

    function sayNumbers() {
        timer = 0;
        meters.forEach((meter) => sayNumber(meter, shown.shapes[meter.shapeOf()]));
    }

    return (face, isMirror) => {
        if (isMirror !== wasMirror) {
            label(isMirror);
        }
        shown = face;
        meters.forEach((meter) => drawBar(meter, face.shapes[meter.shapeOf()]));
        timer ||= setTimeout(sayNumbers, NUMBERS_EVERY_MS);
    };
}
