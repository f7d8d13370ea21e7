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

function drawFace(context, keypoints, place, colours) {
    context.strokeStyle = colours.accent;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.globalAlpha = 0.55;
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
        const [x, y] = place(keypoint);
        context.beginPath();
        context.arc(x, y, 2, 0, 2 * Math.PI);
        context.fill();
    }
    context.globalAlpha = 1;
}

/** Draws the landmarks at their positions in the frame. */
export function drawPoints(canvas, record, mirror, colours) {
    const { context, width, height } = beginCanvas(canvas);
    if (!record) {
        return;
    }
    const scale = Math.min(width / record.width, height / record.height);
    const left = (width - record.width * scale) / 2;
    const top = (height - record.height * scale) / 2;
    const place = ([x, y]) => [left + (mirror ? record.width - x : x) * scale, top + y * scale];
    context.strokeStyle = colours.line;
    context.strokeRect(left + 0.5, top + 0.5, record.width * scale - 1, record.height * scale - 1);
    for (const face of record.faces) {
        drawFace(context, face.keypoints ?? [], place, colours);
    }
}
