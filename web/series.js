/** Values of the last seconds, for a chart and for statistics. */
export class Series {
    #windowMs;
    points = []; // {atMs, value, lost}

    constructor(windowMs = 10000) {
        this.#windowMs = windowMs;
    }

    get windowMs() {
        return this.#windowMs;
    }

    /** @param {number} lost how many are missing before this one */
    add(atMs, value, lost = 0) {
        this.points.push({ atMs, value, lost });
        this.expire(atMs);
    }

    /** Forgets what is older than the window. */
    expire(nowMs) {
        while (this.points.length > 0 && this.points[0].atMs < nowMs - this.#windowMs) {
            this.points.shift();
        }
    }

    clear() {
        this.points = [];
    }

    /** @param {number} share 0.5 for the median, 0.95 for the 95th percentile */
    percentile(share) {
        const sorted = this.points.map((point) => point.value).sort((a, b) => a - b);
        return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    }

    /** How many came in a second. */
    rate() {
        const first = this.points[0];
        const last = this.points.at(-1);
        const spanMs = this.points.length > 1 ? last.atMs - first.atMs : 0;
        return spanMs > 0 ? ((this.points.length - 1) * 1000) / spanMs : 0;
    }

    get lost() {
        return this.points.reduce((sum, point) => sum + point.lost, 0);
    }
}
