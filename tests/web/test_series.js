import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Series } from "../../web/series.js";

test("percentiles, rate and losses of the window", () => {
    const series = new Series(1000);
    for (let i = 0; i < 200; i++) {
        series.add(10 * i, i % 100, i % 50 === 0 ? 2 : 0);
    }
    assert.equal(series.points.length, 101); // both ends of a second
    assert.equal(series.percentile(0.5), 50);
    assert.equal(series.percentile(0.95), 95);
    assert.ok(Math.abs(series.rate() - 100) < 1e-9);
    assert.equal(series.lost, 4);
});

test("what is old is forgotten even when nothing comes", () => {
    const series = new Series(1000);
    series.add(0, 5, 1);
    series.expire(1001);
    assert.equal(series.points.length, 0);
    assert.equal(series.lost, 0);
});

test("an empty one says nothing", () => {
    const series = new Series();
    assert.equal(series.percentile(0.5), undefined);
    assert.equal(series.rate(), 0);
    series.add(0, 5);
    series.clear();
    assert.equal(series.lost, 0);
});
