/** The way of a mouth: shut, open, shut; one value for each frame. */
export function mouthTrack(frames) {
    return Array.from({ length: frames }, (_, i) => (1 - Math.cos((2 * Math.PI * i) / frames)) / 2);
}

/** How alike two rows of numbers go: 1 when one is a straight line of the other. */
export function correlation(a, b) {
    const mean = (row) => row.reduce((sum, value) => sum + value, 0) / row.length;
    const [meanA, meanB] = [mean(a), mean(b)];
    let [both, squareA, squareB] = [0, 0, 0];
    for (let i = 0; i < a.length; i++) {
        both += (a[i] - meanA) * (b[i] - meanB);
        squareA += (a[i] - meanA) ** 2;
        squareB += (b[i] - meanB) ** 2;
    }
    return both / Math.sqrt(squareA * squareB);
}
