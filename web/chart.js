import { beginCanvas } from "./canvas.js";

const TARGET_MS = 50;
const FOOT = 18; // pixels for the labels below
const HEAD = 8;

function drawLine(context, points, xOf, yOf, colour) {
    context.beginPath();
    for (const point of points) {
        context.lineTo(xOf(point), yOf(point.value));
    }
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.stroke();
}

/**
 * Draws latency over time, with the target as a line and a tick for each missing frame.
 */
export function drawLatency(canvas, series, nowMs, colours) {
    const { context, width, height } = beginCanvas(canvas);
    const floor = height - FOOT;
    const highest = Math.max(2 * TARGET_MS, ...series.points.map((point) => point.value));
    const xOf = ({ atMs }) => width * (1 - (nowMs - atMs) / series.windowMs);
    const yOf = (value) => floor - (floor - HEAD) * Math.max(0, value / highest);
    context.font = "12px system-ui, sans-serif";
    context.strokeStyle = colours.line;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(0, yOf(TARGET_MS));
    context.lineTo(width, yOf(TARGET_MS));
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = colours.soft;
    context.fillText(`${TARGET_MS} ms`, 6, yOf(TARGET_MS) - 4);
    context.fillText(`${series.windowMs / 1000} s ago`, 6, height - 5);
    context.textAlign = "right";
    context.fillText("now", width - 6, height - 5);
    context.textAlign = "left";
    drawLine(context, series.points, xOf, yOf, colours.accent);
    context.fillStyle = colours.bad;
    for (const point of series.points) {
        if (point.lost > 0) {
            context.fillRect(xOf(point) - 1, floor - 4 - Math.min(20, 3 * point.lost), 2, 4 + Math.min(20, 3 * point.lost));
        }
    }
}
