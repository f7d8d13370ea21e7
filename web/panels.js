/** The panels beside the avatar: head, blend shapes, figures. */
import { SHAPES } from "./face.js";

const DEGREES = 180 / Math.PI;
const GAUGE_DEGREES = 45;

function add(parent, tag, className, text = "") {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    parent.append(element);
    return element;
}

/** Three gauges. Returns a function that shows a face on them. */
export function makePose(list) {
    const gauges = ["yaw", "pitch", "roll"].map((name) => {
        add(list, "dt", "", name);
        const gauge = add(list, "dd", "gauge");
        gauge.setAttribute("aria-hidden", "true");
        return { name, mark: add(gauge, "i", ""), value: add(list, "dd", "") };
    });
    return (face) => {
        for (const { name, mark, value } of gauges) {
            const degrees = face[name] * DEGREES;
            const share = Math.max(-1, Math.min(1, degrees / GAUGE_DEGREES));
            mark.style.left = `${50 + 50 * share}%`;
            value.textContent = face.seen ? `${degrees.toFixed(0)}°` : "–";
        }
    };
}

/** A bar per shape. Returns a function that shows a face on them. */
export function makeShapes(box) {
    const bars = SHAPES.map((name) => {
        const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
        return { name, bar: add(add(box, "div", "shape", words), "i", "") };
    });
    return (face) => {
        for (const { name, bar } of bars) {
            bar.style.transform = `scaleX(${face.shapes[name].toFixed(3)})`;
        }
    };
}

/** Named figures. Returns a function that sets their texts by name. */
export function makeFigures(list, names) {
    const texts = new Map();
    for (const name of names) {
        const pair = add(list, "div", "");
        add(pair, "dt", "", name);
        texts.set(name, add(pair, "dd", "", "–"));
    }
    return (values) => {
        for (const [name, text] of Object.entries(values)) {
            texts.get(name).textContent = text;
        }
    };
}
