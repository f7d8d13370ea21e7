/**
 * A robot whose face is a screen: the eyes, brows and mouth are drawn with light, and the
 * shell around them shifts by its depth when the head turns.
 */
import { lookOf } from "./face.js";
import { clamp, makeSnore, makeSvg as make, moveHead, shift } from "./svg.js";

const TURN = 58;
const LIGHT = "#7df3ff";
const SHELL_LINE = "#b9c6d6";

function gradient(defs, id, stops, more = {}) {
    const element = make(defs, "linearGradient", { id, x1: 0, y1: 0, x2: 0, y2: 1, ...more });
    stops.forEach(([offset, colour]) => make(element, "stop", { offset, "stop-color": colour }));
    return `url(#${id})`;
}

function drawBody(svg, shell) {
    const body = make(svg, "g", {});
    make(body, "path", { fill: "#5c6b80", d: "M-34 120H34V190H-34Z" });
    for (const y of [136, 154, 172]) {
        make(body, "path", { stroke: "#47546a", "stroke-width": 6, d: `M-36 ${y}H36` });
    }
    make(body, "path", { fill: shell, stroke: SHELL_LINE, "stroke-width": 3, d: "M-150 300C-150 212-104 182 0 182S150 212 150 300Z" });
    make(body, "circle", { cx: 0, cy: 236, r: 17, fill: "#1a2233" });
    const heart = make(body, "circle", { cx: 0, cy: 236, r: 9, fill: LIGHT });
    return { body, heart };
}

function drawHead(svg, shell) {
    const head = make(svg, "g", {});
    const far = make(head, "g", {}); // the back of the head, its ears and its antenna
    make(far, "path", { stroke: "#8fa0b5", "stroke-width": 7, "stroke-linecap": "round", d: "M0-128V-168" });
    const bulb = make(far, "circle", { cx: 0, cy: -178, r: 14, fill: LIGHT });
    for (const side of [-1, 1]) {
        make(far, "rect", { x: side * 160 - 22, y: -46, width: 44, height: 96, rx: 20, fill: "#ff8f5a" });
        make(far, "rect", { x: side * 166 - 12, y: -26, width: 24, height: 56, rx: 12, fill: "#e06a35" });
    }
    const skull = make(head, "g", {});
    make(skull, "rect", { x: -156, y: -134, width: 312, height: 270, rx: 112, fill: shell, stroke: SHELL_LINE, "stroke-width": 3 });
    make(skull, "path", { fill: "#fff", opacity: 0.75, d: "M-104-92C-66-122-10-126 36-120C-14-112-66-100-92-66C-102-54-118-78-104-92Z" });
    return { head, far, bulb, skull };
}

function drawScreen(head, glass) {
    const screen = make(head, "g", {});
    make(screen, "rect", { x: -126, y: -82, width: 252, height: 182, rx: 74, fill: glass, stroke: "#0b1020", "stroke-width": 4 });
    make(screen, "path", { fill: "#fff", opacity: 0.08, d: "M-108-20C-104-62-74-74-30-76L-74 92C-104 80-112 40-108-20Z" });
    const lit = make(head, "g", { filter: "url(#robot-glow)" });
    const parts = {};
    for (const [name, side] of [["right", -1], ["left", 1]]) {
        const eye = make(lit, "path", { fill: LIGHT });
        const brow = make(lit, "path", { fill: "none", stroke: LIGHT, "stroke-width": 7, "stroke-linecap": "round" });
        const cheek = make(lit, "ellipse", { rx: 17, ry: 8, fill: "#ff7ea8" });
        parts[name] = { side, eye, brow, cheek };
    }
    const mouth = make(lit, "path", { fill: "none", stroke: LIGHT, "stroke-width": 8, "stroke-linecap": "round", "stroke-linejoin": "round" });
    return { screen, lit, mouth, ...parts };
}

function draw(svg) {
    const defs = make(svg, "defs", {});
    const shell = gradient(defs, "robot-shell", [[0, "#ffffff"], [0.55, "#eef3f9"], [1, "#cfd9e6"]]);
    const glass = gradient(defs, "robot-glass", [[0, "#1b2742"], [1, "#0d1424"]]);
    const glow = make(defs, "filter", { id: "robot-glow", x: "-20%", y: "-20%", width: "140%", height: "140%" });
    make(glow, "feGaussianBlur", { stdDeviation: 5, result: "blur" });
    const merge = make(glow, "feMerge", {});
    make(merge, "feMergeNode", { in: "blur" });
    make(merge, "feMergeNode", { in: "SourceGraphic" });
    const body = drawBody(svg, shell);
    const head = drawHead(svg, shell);
    return { ...body, ...head, ...drawScreen(head.head, glass) };
}

/** The outlines that change. Units are those of the drawing. */
export const forms = {
    /** An eye around (x, y): a rounded bar, flat when shut, bent upwards by a smile. */
    eye(x, y, blink, wide, smile) {
        const half = 21;
        const high = Math.max(3.5, (31 + 9 * wide) * (1 - clamp(blink, 0, 1)));
        const radius = Math.min(half, high);
        const lift = clamp(smile, 0, 1) * Math.max(9, 0.9 * high); // how far the lower edge bends up
        const low = y + high;
        return (
            `M${x - half} ${y - high + radius}Q${x - half} ${y - high} ${x} ${y - high}Q${x + half} ${y - high} ${x + half} ${y - high + radius}` +
            `V${low - radius}C${x + half} ${low} ${x + half * 0.6} ${low - lift} ${x} ${low - lift}` +
            `C${x - half * 0.6} ${low - lift} ${x - half} ${low} ${x - half} ${low - radius}Z`
        );
    },

    /** The mouth around (0, 0): a line that smiles when shut, an outline when open. */
    mouth(shapes) {
        const open = clamp(shapes.jawOpen + 0.25 * shapes.mouthFunnel, 0, 1);
        const round = clamp(Math.max(shapes.mouthPucker, shapes.mouthFunnel), 0, 1);
        const wide = (shapes.mouthSmileLeft + shapes.mouthSmileRight + shapes.mouthStretchLeft + shapes.mouthStretchRight) / 4;
        const half = 34 * (1 + 0.7 * wide - 0.6 * round);
        const left = 16 * (shapes.mouthSmileLeft - shapes.mouthFrownLeft) + 4;
        const right = 16 * (shapes.mouthSmileRight - shapes.mouthFrownRight) + 4;
        const sag = 0.5 * (left + right);
        const upper = sag * 0.6 - 6 * open;
        const lower = upper + 1 + 52 * open;
        return {
            open,
            outline: `M${-half} ${-right}Q${-half / 2} ${upper} 0 ${upper}Q${half / 2} ${upper} ${half} ${-left}` +
                `Q${half * 0.75} ${lower} 0 ${lower}Q${-half * 0.75} ${lower} ${-half} ${-right}Z`,
        };
    },
};

function showSide(part, face, x, y) {
    const name = part.side > 0 ? "Left" : "Right";
    const { shapes } = face;
    const [lookX, lookY] = lookOf(face, part.side);
    const atX = part.side * 58 + x + 16 * lookX;
    const atY = y - 4 + 13 * lookY;
    const smile = 0.7 * shapes[`mouthSmile${name}`] + 0.6 * shapes[`eyeSquint${name}`] + 0.5 * shapes[`cheekSquint${name}`];
    part.eye.setAttribute("d", forms.eye(atX, atY, shapes[`eyeBlink${name}`], shapes[`eyeWide${name}`], smile));
    const down = shapes[`browDown${name}`];
    const inner = y - 55 - 14 * shapes.browInnerUp + 16 * down;
    const outer = y - 53 - 14 * shapes[`browOuterUp${name}`] + 2 * down;
    const from = part.side * 36 + x;
    const to = part.side * 84 + x;
    part.brow.setAttribute("d", `M${from} ${inner}Q${(from + to) / 2} ${(inner + outer) / 2 - 7} ${to} ${outer}`);
    const raised = Math.max(shapes.browInnerUp, shapes[`browOuterUp${name}`], down);
    part.brow.setAttribute("opacity", clamp(4 * raised, 0, 1).toFixed(3));
    part.cheek.setAttribute("transform", `translate(${part.side * 92 + x} ${y + 44})`);
    part.cheek.setAttribute("opacity", clamp(0.15 + 0.8 * shapes[`mouthSmile${name}`] + shapes.cheekPuff, 0, 1).toFixed(3));
}

/**
 * Puts the robot into an element.
 * @returns {{show: (face: typeof import("./face.js").NEUTRAL) => void, svg: SVGElement}}
 */
export function makeRobot(parent) {
    const svg = make(parent, "svg", { viewBox: "-230 -232 460 500", role: "img", "aria-label": "A robot that moves as you do" });
    const parts = draw(svg);
    const snore = makeSnore(svg, 108, -128, LIGHT);
    const show = (face) => {
        const { x, y } = moveHead(parts, face, TURN);
        shift(parts.far, -0.3 * x, -0.3 * y);
        shift(parts.skull, 0.12 * x, 0.12 * y);
        shift(parts.screen, 0.62 * x, 0.62 * y);
        showSide(parts.left, face, 0.86 * x, 0.86 * y);
        showSide(parts.right, face, 0.86 * x, 0.86 * y);
        const { outline, open } = forms.mouth(face.shapes);
        const aside = 14 * (face.shapes.mouthLeft - face.shapes.mouthRight + 0.7 * (face.shapes.jawLeft - face.shapes.jawRight));
        parts.mouth.setAttribute("transform", `translate(${0.86 * x + aside} ${52 + 0.86 * y})`);
        parts.mouth.setAttribute("d", outline);
        parts.mouth.setAttribute("fill", open > 0.06 ? "#ff7ea8" : "none");
        const awake = (1 - 0.7 * face.sleep).toFixed(3);
        parts.lit.setAttribute("opacity", awake);
        parts.bulb.setAttribute("opacity", awake);
        parts.heart.setAttribute("opacity", awake);
        snore(face.sleep);
        svg.dataset.mouthOpen = open.toFixed(3);
    };
    return { show, svg };
}
