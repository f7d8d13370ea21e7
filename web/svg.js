/** What the drawn avatars share. */
const SVG = "http://www.w3.org/2000/svg";

/** Adds an SVG element to parent. */
export function makeSvg(parent, tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) {
        element.setAttribute(name, value);
    }
    parent.append(element);
    return element;
}

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** Moves a group; the nearer it is to the viewer, the further. */
export const shift = (part, x, y) => part.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);

/** Three letters that rise from a sleeper. Returns a function that shows how deep the sleep is. */
export function makeSnore(parent, x, y, colour) {
    const group = makeSvg(parent, "g", { opacity: 0, "font-family": "system-ui, sans-serif", "font-weight": 700, fill: colour });
    const letters = [22, 30, 40].map((size, i) => {
        const letter = makeSvg(group, "text", { x: x + 26 * i, y: y - 30 * i, "font-size": size });
        letter.textContent = "z";
        return letter;
    });
    return (sleep) => {
        group.setAttribute("opacity", clamp(3 * sleep - 2, 0, 1).toFixed(3));
        if (sleep > 0.67) {
            const ms = performance.now();
            letters.forEach((letter, i) => shift(letter, 5 * Math.sin(ms / 700 + i), 6 * Math.sin(ms / 1100 - i)));
        }
    };
}

/**
 * Moves and rolls a drawn head and its body.
 * @param {{head: SVGElement, body: SVGElement}} parts
 * @param {typeof import("./face.js").NEUTRAL} face
 * @param {number} turn how far what is nearest to the viewer shifts at 90 degrees
 * @returns {{x: number, y: number}} how far it shifts now
 */
export function moveHead({ head, body }, face, turn) {
    const degrees = (face.roll * 180) / Math.PI;
    head.setAttribute("transform", `translate(${36 * face.x} ${18 * face.y}) rotate(${degrees} 0 140)`);
    body.setAttribute("transform", `translate(${18 * face.x} 0) rotate(${degrees / 8} 0 300)`);
    return { x: turn * Math.sin(face.yaw), y: turn * Math.sin(face.pitch) };
}
