/** Where the head and the eyes point, in degrees. */
import { make } from "./elements.js";

const DEGREES = 180 / Math.PI;

/** name: what it is called, [negative, positive], its scale, its value of a face in degrees */
const ANGLES = [
    { name: "Turn", ways: ["left", "right"], scale: 45, value: (face) => face.yaw * DEGREES },
    { name: "Nod", ways: ["up", "down"], scale: 45, value: (face) => face.pitch * DEGREES },
    { name: "Tilt", ways: ["left", "right"], scale: 45, value: (face) => face.roll * DEGREES },
    { name: "Gaze", ways: ["left", "right"], scale: 45, value: (face) => face.gaze?.[0] },
    { name: "Gaze", ways: ["up", "down"], scale: 45, value: (face) => face.gaze?.[1] },
];

/** Gauges with a mark. Returns a function that shows a face on them. */
export function makePose(list) {
    const gauges = ANGLES.map((angle) => {
        const mark = make("i");
        const value = make("dd");
        list.append(make("dt", {}, angle.name), make("dd", { className: "gauge", "aria-hidden": "true" }, mark), value);
        return { ...angle, mark, text: value };
    });
    return (face) => {
        for (const { ways, scale, value, mark, text } of gauges) {
            const degrees = value(face);
            const isKnown = face.seen && degrees !== undefined;
            const share = Math.max(-1, Math.min(1, (degrees ?? 0) / scale));
            const rounded = Math.round(degrees ?? 0);
            mark.style.left = `${50 + 50 * share}%`;
            mark.hidden = !isKnown;
            const words = rounded === 0 ? "0°" : `${Math.abs(rounded)}° ${ways[rounded < 0 ? 0 : 1]}`;
            text.textContent = isKnown ? words : "–";
        }
    };
}
