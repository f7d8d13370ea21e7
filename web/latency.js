/** Latency: one number in the header, and on a click a chart and what it means. */
import { drawLatency } from "./chart.js";
import { byId, make, setText } from "./elements.js";
import { Series } from "./series.js";

const SHOW_EVERY_MS = 250;

const FIGURES = {
    median: "median",
    most: "95th percentile",
    rate: "records received per second",
    lost: "frames skipped in the last ten seconds: when something is slow, only the newest is shown",
};

/** @param {() => object} colours */
export function makeLatency(colours) {
    const latency = new Series();
    const arrivals = new Series();
    const texts = {};
    for (const [name, meaning] of Object.entries(FIGURES)) {
        texts[name] = make("dd", {}, "–");
        byId("figures").append(make("div", {}, make("dt", {}, meaning), texts[name]));
    }
    const card = byId("latency-card");
    const button = byId("latency-button");
    button.addEventListener("click", () => {
        card.hidden = !card.hidden;
        button.setAttribute("aria-expanded", String(!card.hidden));
        show();
    });

    function show() {
        const ms = (value) => (value === undefined ? "–" : `${value.toFixed(0)} ms`);
        const nowMs = performance.now();
        arrivals.expire(nowMs);
        latency.expire(nowMs);
        setText(byId("latency-now"), `${ms(latency.percentile(0.5))} latency`);
        if (card.hidden) {
            return;
        }
        drawLatency(byId("latency"), latency, nowMs, colours());
        setText(texts.median, ms(latency.percentile(0.5)));
        setText(texts.most, ms(latency.percentile(0.95)));
        setText(texts.rate, arrivals.rate().toFixed(1));
        setText(texts.lost, String(arrivals.lost));
    }
    setInterval(show, SHOW_EVERY_MS);

    return {
        latency,
        arrivals,
        clear() {
            latency.clear();
            arrivals.clear();
        },
    };
}
