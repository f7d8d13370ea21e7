/** Fits a canvas to the screen's resolution; returns its cleared context in CSS pixels. */
export function beginCanvas(canvas) {
    const scale = globalThis.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    const wide = Math.round(width * scale);
    const high = Math.round(height * scale);
    if (canvas.width !== wide || canvas.height !== high) {
        canvas.width = wide;
        canvas.height = high;
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    return { context, width, height };
}

/** The page's colours, read once per theme. */
export function readColours() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
        text: colour("text"),
        soft: colour("soft"),
        line: colour("line"),
        track: colour("track"),
        card: colour("card"),
        accent: colour("accent"),
        good: colour("good"),
        bad: colour("bad"),
    };
}
