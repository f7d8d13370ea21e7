/**
 * A fox that moves as you do: a stack of flat layers that shift by their depth when the head
 * turns, and a mouth and lids that are redrawn for each face.
 */
import { lookOf } from "./face.js";
import { clamp, makeSnore, makeSvg as make, moveHead, shift } from "./svg.js";

const TURN = 62; // how far the nearest layer goes when the head turns by a radian
const FUR = "#e8793a";
const DARK_FUR = "#c65f26";
const CREAM = "#fff3e4";
const INK = "#33241f";

/** Paths that change shape. Units are those of the drawing: 400 wide, 0 in the centre. */
export const forms = {
    /** @returns {{outline: string, open: number}} the mouth around (0, 0) */
    mouth(shapes, yaw) {
        const smile = (shapes.mouthSmileLeft + shapes.mouthSmileRight) / 2;
        const frown = (shapes.mouthFrownLeft + shapes.mouthFrownRight) / 2;
        const stretch = (shapes.mouthStretchLeft + shapes.mouthStretchRight) / 2;
        const round = Math.max(shapes.mouthPucker, shapes.mouthFunnel);
        const open = clamp(shapes.jawOpen + 0.25 * shapes.mouthFunnel, 0, 1);
        const half = 34 * (1 + 0.25 * smile + 0.3 * stretch - 0.55 * round) * Math.cos(yaw);
        const leftUp = 10 * (1.2 * shapes.mouthSmileLeft - shapes.mouthFrownLeft) + 3;
        const rightUp = 10 * (1.2 * shapes.mouthSmileRight - shapes.mouthFrownRight) + 3;
        const upper = 4 + 3 * smile - 8 * frown - 6 * open;
        const lower = upper + 4 + 66 * open;
        // The avatar's right is on the left of the drawing.
        return {
            open,
            outline:
                `M${-half} ${-rightUp} Q${-half / 2} ${upper + 3} 0 ${upper} ` +
                `Q${half / 2} ${upper + 3} ${half} ${-leftUp} ` +
                `C${half * 0.9} ${lower * 0.8} ${half * 0.45} ${lower} 0 ${lower} ` +
                `C${-half * 0.45} ${lower} ${-half * 0.9} ${lower * 0.8} ${-half} ${-rightUp}Z`,
        };
    },

    /** The upper lid, over an eye 44 wide and 52 high. */
    lid(blink, wide) {
        const edge = -30 - 8 * wide + 52 * clamp(blink, 0, 1);
        const sag = 10 * clamp(blink, 0, 1);
        return `M-40 -50H40V${edge - 4}Q0 ${edge + 8 + sag} -40 ${edge - 4}Z`;
    },
};

/** Draws everything once. Returns the parts that move. */
function draw(svg) {
    const parts = {};
    const defs = make(svg, "defs", {});
    for (const side of ["left", "right"]) {
        // Larger than the eye: a lid covers its edge, too.
        make(make(defs, "clipPath", { id: `eye-${side}` }), "ellipse", { rx: 23, ry: 27 });
    }
    parts.mouthClip = make(make(defs, "clipPath", { id: "mouth" }), "path", {});

    const body = make(svg, "g", {});
    make(body, "path", { fill: DARK_FUR, d: "M-118 300C-118 190-70 150 0 150S118 190 118 300Z" });
    make(body, "path", { fill: CREAM, d: "M-52 300C-52 220-30 176 0 176S52 220 52 300Z" });
    make(body, "path", {
        fill: "#2a7f86",
        d: "M-84 152C-40 186 40 186 84 152C96 168 92 190 78 198C34 216-34 216-78 198C-92 190-96 168-84 152Z",
    });
    parts.body = body;

    const head = make(svg, "g", {});
    parts.head = head;
    parts.ears = make(head, "g", {});
    for (const side of [-1, 1]) {
        const ear = make(parts.ears, "g", { transform: `scale(${side} 1)` });
        make(ear, "path", { fill: DARK_FUR, d: "M38-98C60-150 96-196 128-204C140-160 138-96 122-50Z" });
        make(ear, "path", { fill: "#5a3325", d: "M66-104C82-142 102-170 118-178C124-146 122-108 112-78Z" });
    }
    parts.skull = make(head, "g", {});
    make(parts.skull, "path", {
        fill: FUR,
        d: "M0-128C74-128 132-84 140-12C146 16 168 34 182 44C160 62 140 66 128 74C104 124 58 150 0 150S-104 124-128 74C-140 66-160 62-182 44C-168 34-146 16-140-12C-132-84-74-128 0-128Z",
    });
    parts.cheeks = make(head, "g", {});
    make(parts.cheeks, "path", {
        fill: CREAM,
        d: "M0 30C34 8 92 4 128 28C140 36 158 42 170 46C150 58 134 60 122 68C98 118 54 144 0 144S-98 118-122 68C-134 60-150 58-170 46C-158 42-140 36-128 28C-92 4-34 8 0 30Z",
    });
    make(parts.cheeks, "ellipse", { cx: -96, cy: 66, rx: 22, ry: 12, fill: "#f5b79a", opacity: 0.7 });
    make(parts.cheeks, "ellipse", { cx: 96, cy: 66, rx: 22, ry: 12, fill: "#f5b79a", opacity: 0.7 });

    for (const [name, side] of [["right", -1], ["left", 1]]) {
        const eye = make(head, "g", {});
        make(eye, "ellipse", { rx: 22, ry: 26, fill: "#fffdfa" });
        const inside = make(eye, "g", { "clip-path": `url(#eye-${name})` });
        const pupil = make(inside, "g", {});
        make(pupil, "ellipse", { cy: 3, rx: 15, ry: 18, fill: "#4c3527" });
        make(pupil, "ellipse", { cy: 4, rx: 8, ry: 11, fill: "#17100d" });
        make(pupil, "circle", { cx: 5, cy: -5, r: 5, fill: "#fff" });
        const lid = make(inside, "path", { fill: "#d96d31" });
        const lash = make(eye, "path", {
            fill: "none",
            stroke: INK,
            "stroke-width": 5,
            "stroke-linecap": "round",
        });
        const brow = make(head, "path", { fill: "none", stroke: "#8e4119", "stroke-width": 9, "stroke-linecap": "round" });
        parts[name] = { side, eye, pupil, lid, lash, brow };
    }

    parts.muzzle = make(head, "g", {});
    make(parts.muzzle, "ellipse", { cy: 78, rx: 58, ry: 42, fill: CREAM });
    parts.mouthGroup = make(parts.muzzle, "g", {});
    parts.mouth = make(parts.mouthGroup, "path", { fill: "#5b2226", stroke: INK, "stroke-width": 5, "stroke-linejoin": "round" });
    parts.tongue = make(make(parts.mouthGroup, "g", { "clip-path": "url(#mouth)" }), "ellipse", { rx: 22, ry: 20, fill: "#e8777b" });
    parts.nose = make(head, "path", { fill: INK, d: "M-22 0C-20-14 20-14 22 0C20 14 8 22 0 22S-20 14-22 0Z" });
    parts.shine = make(head, "ellipse", { rx: 7, ry: 3.5, fill: "#fff", opacity: 0.5 });
    return parts;
}

function placeEye(part, face, shiftX, shiftY) {
    const name = part.side > 0 ? "Left" : "Right";
    const blink = face.shapes[`eyeBlink${name}`];
    const wide = face.shapes[`eyeWide${name}`];
    const squash = Math.max(0.55, Math.cos(face.yaw + 0.35 * part.side));
    const x = part.side * 62 + 0.75 * shiftX;
    const y = -8 + 0.75 * shiftY;
    const size = 1 + 0.12 * wide;
    part.eye.setAttribute("transform", `translate(${x} ${y}) scale(${squash * size} ${size})`);
    const [lookX, lookY] = lookOf(face, part.side);
    part.pupil.setAttribute("transform", `translate(${15 * lookX} ${12 * lookY})`);
    part.lid.setAttribute("d", forms.lid(blink, wide));
    const edge = clamp(-26 + 50 * blink, -27, 24);
    const reach = 23 * Math.sqrt(Math.max(0.4, 1 - (edge / 27) ** 2));
    part.lash.setAttribute("d", `M${-reach} ${edge}Q0 ${edge + 12 * blink - 3} ${reach} ${edge}`);
    placeBrow(part, face.shapes, name, x, y);
}

function placeBrow(part, shapes, name, x, y) {
    const down = shapes[`browDown${name}`];
    const inner = y - 46 - 16 * shapes.browInnerUp + 14 * down;
    const outer = y - 46 - 14 * shapes[`browOuterUp${name}`] + 3 * down;
    const from = x - part.side * 22;
    const to = x + part.side * 24;
    part.brow.setAttribute("d", `M${from} ${inner}Q${(from + to) / 2} ${Math.min(inner, outer) - 9 + 5 * down} ${to} ${outer + 5}`);
}

function placeMouth(parts, face) {
    const { outline, open } = forms.mouth(face.shapes, face.yaw);
    const sideways = 12 * (face.shapes.mouthLeft - face.shapes.mouthRight + 0.7 * (face.shapes.jawLeft - face.shapes.jawRight));
    parts.mouthGroup.setAttribute("transform", `translate(${sideways} 84)`);
    parts.mouth.setAttribute("d", outline);
    parts.mouthClip.setAttribute("d", outline);
    parts.tongue.setAttribute("cy", 24 + 52 * open);
    return open;
}

/**
 * Puts the fox into an element.
 * @returns {{show: (face: typeof import("./face.js").NEUTRAL) => void, svg: SVGElement}}
 */
export function makeFox(parent) {
    const svg = make(parent, "svg", { viewBox: "-230 -232 460 500", role: "img", "aria-label": "A fox that moves as you do" });
    const parts = draw(svg);
    const snore = makeSnore(svg, 96, -128, CREAM);
    const show = (face) => {
        const { x, y } = moveHead(parts, face, TURN);
        shift(parts.ears, -0.35 * x, -0.35 * y);
        shift(parts.cheeks, 0.35 * x, 0.35 * y);
        shift(parts.muzzle, 0.95 * x, 0.95 * y);
        shift(parts.nose, 1.25 * x, 48 + 1.25 * y);
        shift(parts.shine, 1.3 * x - 6, 44 + 1.3 * y);
        placeEye(parts.left, face, x, y);
        placeEye(parts.right, face, x, y);
        const open = placeMouth(parts, face);
        snore(face.sleep);
        svg.dataset.seen = face.seen;
        svg.dataset.asleep = face.sleep > 0.9;
        svg.dataset.mouthOpen = open.toFixed(3);
    };
    return { show, svg };
}
