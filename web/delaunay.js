/** Triangles between points of a plane. */

/** @returns {{x: number, y: number, square: number}} of the circle through three points */
function circleOf([ax, ay], [bx, by], [cx, cy]) {
    const double = 2 * ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
    const b = (bx - ax) ** 2 + (by - ay) ** 2;
    const c = (cx - ax) ** 2 + (cy - ay) ** 2;
    const x = ((cy - ay) * b - (by - ay) * c) / double;
    const y = ((bx - ax) * c - (cx - ax) * b) / double;
    return { x: ax + x, y: ay + y, square: x * x + y * y };
}

/** The sides of triangles that belong to one of them alone. */
function outlineOf(triangles) {
    const sides = new Map();
    for (const { corners } of triangles) {
        corners.forEach((from, i) => {
            const to = corners[(i + 1) % 3];
            const name = from < to ? `${from} ${to}` : `${to} ${from}`;
            sides.set(name, sides.has(name) ? null : [from, to]);
        });
    }
    return [...sides.values()].filter((side) => side !== null);
}

/**
 * Delaunay's triangulation (Bowyer 1981, Watson 1981).
 * @param {[number, number][]} points no two of them the same
 * @returns {[number, number, number][]} numbers of points
 */
export function triangulate(points) {
    const size = Math.max(...points.flat().map(Math.abs), 1);
    const all = [...points, [-40 * size, -30 * size], [40 * size, -30 * size], [0, 50 * size]];
    const make = (...corners) => ({ corners, circle: circleOf(...corners.map((corner) => all[corner])) });
    const first = points.length; // of the corners of a triangle around everything
    let triangles = [make(first, first + 1, first + 2)];
    points.forEach(([x, y], added) => {
        const isNear = ({ circle }) => (circle.x - x) ** 2 + (circle.y - y) ** 2 < circle.square;
        const outline = outlineOf(triangles.filter(isNear));
        triangles = triangles.filter((triangle) => !isNear(triangle));
        triangles.push(...outline.map(([from, to]) => make(from, to, added)));
    });
    return triangles.map(({ corners }) => corners).filter((corners) => corners.every((corner) => corner < first));
}

/** Whether a point is within a polygon. */
export function isWithin([x, y], polygon) {
    let within = false;
    polygon.forEach(([ax, ay], i) => {
        const [bx, by] = polygon[(i + 1) % polygon.length];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) {
            within = !within;
        }
    });
    return within;
}
