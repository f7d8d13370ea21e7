/** The landmarks, fitted to the face; a thumbnail shows where in the frame it is. */
import { beginCanvas } from "./canvas.js";

/** The polylines of the 68 landmarks: first, last, and whether they are closed. */
const CONTOURS = [
    [0, 16, false], // jaw
    [17, 21, false],
    [22, 26, false], // brows
    [27, 30, false],
    [31, 35, false], // nose
    [36, 41, true],
    [42, 47, true], // eyes
    [48, 59, true],
    [60, 67, true], // lips
];
const EYES = { right: [36, 41], left: [42, 47] }; // the person's
const MARGIN = 1.28; // of the fitted part, in face sizes
const FOLLOW = 0.18; // of the way to where the face is, per record
const THUMBNAIL = 0.26; // of the canvas' width

const mean = (points, first, last) => {
    const part = points.slice(first, last + 1);
    return [0, 1].map((axis) => part.reduce((sum, point) => sum + point[axis], 0) / part.length);
};

/** The direction of an eye's gaze in the camera's axes. */
function gazeDirection([yaw, pitch], [x, y, z, w]) {
    const [a, b] = [(yaw * Math.PI) / 180, (pitch * Math.PI) / 180];
    const v = [-Math.sin(a) * Math.cos(b), Math.sin(b), -Math.cos(a) * Math.cos(b)];
    // v + 2 q × (q × v + w v)
    const t = [y * v[2] - z * v[1] + w * v[0], z * v[0] - x * v[2] + w * v[1], x * v[1] - y * v[0] + w * v[2]];
    return [v[0] + 2 * (y * t[2] - z * t[1]), v[1] + 2 * (z * t[0] - x * t[2])];
}

/** The lines of the 68 landmarks, and the points; sizes in pixels. */
export function drawContours(context, keypoints, place, colours, { line = 1.8, point = 1.7 } = {}) {
    context.strokeStyle = colours.accent;
    context.lineWidth = line;
    context.lineJoin = "round";
    context.globalAlpha = 0.7;
    for (const [first, last, closed] of keypoints.length === 68 ? CONTOURS : []) {
        context.beginPath();
        for (let i = first; i <= last; i++) {
            context.lineTo(...place(keypoints[i]));
        }
        if (closed) {
            context.closePath();
        }
        context.stroke();
    }
    context.fillStyle = colours.text;
    for (const keypoint of keypoints) {
        context.globalAlpha = 0.25 + 0.75 * keypoint[2];
        context.beginPath();
        context.arc(...place(keypoint), point, 0, 2 * Math.PI);
        context.fill();
    }
    context.globalAlpha = 1;
}

/** A line from each eye to where it looks. */
function drawGaze(context, face, place, reach, colours) {
    if (!face.gaze || !face.pose || face.keypoints?.length !== 68) {
        return;
    }
    context.strokeStyle = context.fillStyle = colours.good;
    context.lineWidth = 2.5;
    context.lineCap = "round";
    for (const [side, [first, last]] of Object.entries(EYES)) {
        const from = mean(face.keypoints, first, last);
        const [dx, dy] = gazeDirection(face.gaze[side], face.pose.rotation);
        const to = place([from[0] + reach * dx, from[1] + reach * dy]);
        context.beginPath();
        context.moveTo(...place(from));
        context.lineTo(...to);
        context.stroke();
        context.beginPath();
        context.arc(...to, 4, 0, 2 * Math.PI);
        context.fill();
    }
}

const thumbnailWidth = (canvasWidth) => Math.min(120, THUMBNAIL * canvasWidth);

function drawThumbnail(context, record, face, mirror, canvasWidth, colours) {
    const wide = thumbnailWidth(canvasWidth);
    const scale = wide / Math.max(record.width, record.height);
    const [width, height] = [record.width * scale, record.height * scale];
    const [left, top] = [canvasWidth - width - 8, 8];
    context.fillStyle = colours.card;
    context.strokeStyle = colours.track;
    context.lineWidth = 1;
    context.fillRect(left, top, width, height);
    context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
    for (const other of record.faces) {
        const [x, y, w, h] = other.box;
        const at = mirror ? record.width - x - w : x;
        context.strokeStyle = other === face ? colours.accent : colours.soft;
        context.lineWidth = other === face ? 2 : 1;
        context.strokeRect(left + at * scale, top + y * scale, w * scale, h * scale);
    }
}

/** @returns {(record: object | null, id: number, mirror: boolean, colours: object) => void} */
export function makeLandmarks(canvas) {
    let shown = null; // {x, y, size}: the part of the frame, which follows the face

    function follow([x, y, w, h]) {
        const goal = { x: x + w / 2, y: y + h / 2, size: MARGIN * Math.max(w, h) };
        const isFar = !shown || Math.hypot(goal.x - shown.x, goal.y - shown.y) > goal.size;
        for (const key of isFar ? [] : Object.keys(goal)) {
            goal[key] = shown[key] + FOLLOW * (goal[key] - shown[key]);
        }
        shown = goal;
    }

    return (record, id, mirror, colours) => {
        if (canvas.clientWidth === 0) {
            return; // folded
        }
        const { context, width, height } = beginCanvas(canvas);
        const face = record?.faces.find((one) => one.id === id);
        if (face) {
            follow(face.box);
            const scale = Math.min(width, height) / shown.size;
            const middle = (width - thumbnailWidth(width)) / 2;
            const place = ([x, y]) => [middle + (mirror ? -1 : 1) * (x - shown.x) * scale, height / 2 + (y - shown.y) * scale];
            drawContours(context, face.keypoints ?? [], place, colours);
            drawGaze(context, face, place, 0.42 * face.box[2], colours);
        } else {
            shown = null;
            context.fillStyle = colours.soft;
            context.font = "14px system-ui, sans-serif";
            context.textAlign = "center";
            context.fillText("no face in view", width / 2, height / 2);
            context.textAlign = "left";
        }
        if (record) {
            drawThumbnail(context, record, face, mirror, width, colours);
        }
    };
}
