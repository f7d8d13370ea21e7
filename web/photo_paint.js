/**
 * Paints a photo on its mesh with WebGL, from the back to the front: the photo as it is, the eyes,
 * the inside of the mouth, and the skin with holes for both.
 */

const VERTEX = `
attribute vec2 place; // pixels of the photo
attribute vec2 from; // likewise: where the photo shows it
attribute vec4 within; // of the mouth and the lashes: x and y, then from -1 to 1 and from 0 to 1
attribute float depth; // of the skin, from -1 to 1
uniform vec2 size;
varying vec2 at;
varying vec4 inside;
void main() {
    at = from;
    inside = within;
    gl_Position = vec4(2.0 * place.x / size.x - 1.0, 1.0 - 2.0 * place.y / size.y, depth, 1.0);
}`;

const SKIN = `
precision highp float;
uniform sampler2D photo;
uniform vec2 size;
varying vec2 at;
void main() {
    vec2 place = at / size;
    if (place != clamp(place, 0.0, 1.0)) {
        discard; // beyond the photo's edge
    }
    gl_FragColor = texture2D(photo, place);
}`;

// The iris goes; what is around it is stretched, less and less with the distance.
const EYE = `
precision highp float;
uniform sampler2D photo;
uniform vec2 size, centre, look;
uniform float radius, shut;
varying vec2 at;
void main() {
    float far = distance(at, centre + look) / radius;
    vec2 source = at - look * (1.0 - smoothstep(1.1, 2.6, far));
    gl_FragColor = vec4(texture2D(photo, source / size).rgb * (1.0 - 0.35 * shut), 1.0);
}`;

// The upper teeth keep their place in the head while lips move in front of them; the lower ones and
// the tongue go with the jaw. Lengths are widths of the face.
const MOUTH = `
precision highp float;
uniform vec3 light; // of the face
uniform float parted, raised, aside;
varying vec4 inside;
float gaps(float x, float width) { // dark lines between teeth
    return smoothstep(0.44, 0.5, abs(fract(x / width) - 0.5));
}
void main() {
    float x = inside.x - aside, y = inside.y;
    float across = clamp(1.0 - x * x / 0.036, 0.0, 1.0);
    vec3 colour = mix(vec3(0.24, 0.07, 0.07), vec3(0.07, 0.015, 0.02), across * smoothstep(0.0, 0.08, parted));
    float open = smoothstep(0.04, 0.12, parted);
    float tongue = smoothstep(1.0, 0.6, length(vec2(x / 0.125, (y - parted - 0.02) / (0.02 + 0.5 * parted))));
    colour = mix(colour, vec3(0.58, 0.25, 0.25) * (0.6 + 0.4 * across), tongue * open);
    vec3 tooth = vec3(0.86, 0.81, 0.74);
    float edge = 0.021 - 0.35 * x * x - 0.0025 * smoothstep(0.0, 0.5, abs(fract(x / 0.058) - 0.5));
    float upper = smoothstep(edge + 0.004, edge - 0.002, y - raised) * smoothstep(0.175, 0.14, abs(x));
    vec3 enamel = tooth * (1.0 - 0.16 * gaps(x + 0.029, 0.058)) * (0.42 + 0.58 * across) * (0.78 + 0.22 * smoothstep(-0.01, 0.02, y));
    colour = mix(colour, enamel, upper);
    float below = parted - 0.014 + 0.5 * x * x;
    float lower = smoothstep(below - 0.002, below + 0.004, y) * smoothstep(0.09, 0.05, abs(x)) * open;
    colour = mix(colour, tooth * (0.42 + 0.22 * across) * (1.0 - 0.14 * gaps(x + 0.02, 0.04)), lower);
    // Lips shade what is behind them, most of all in the corners.
    float depth = min(inside.w, 1.0 - inside.w) * parted;
    colour *= (0.55 + 0.45 * smoothstep(0.0, 0.022, depth)) * (0.5 + 0.5 * smoothstep(1.0, 0.8, abs(inside.z)));
    gl_FragColor = vec4(colour * light, 1.0);
}`;

// What the photo itself shows between its lips stays with the upper jaw.
const TEETH = `
precision highp float;
uniform sampler2D photo;
uniform vec2 size;
uniform float own, feather;
varying vec2 at;
varying vec4 inside;
void main() {
    float edges = smoothstep(1.0, 0.8, inside.w) * smoothstep(1.0, 0.9, abs(inside.z));
    gl_FragColor = vec4(texture2D(photo, at / size).rgb, 1.0) * own * mix(1.0, edges, feather);
}`;

// A line where lids meet.
const LASH = `
precision highp float;
uniform float shut;
varying vec4 inside;
void main() {
    float edge = (1.0 - inside.z * inside.z) * (1.0 - abs(2.0 * inside.w - 1.0));
    gl_FragColor = vec4(0.09, 0.05, 0.04, 1.0) * (0.75 * shut * edge);
}`;

const ATTRIBUTES = ["place", "from", "within", "depth"];
const SIZES = [2, 2, 4, 1];

function compile(gl, type, source) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    return shader;
}

/** A program, its uniforms by name. */
function link(gl, fragment) {
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, fragment));
    ATTRIBUTES.forEach((name, i) => gl.bindAttribLocation(program, i, name));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
        throw new Error(gl.isContextLost() ? "the WebGL context was lost" : "this browser cannot draw the photo");
    }
    const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS);
    const uniforms = Array.from({ length: count }, (_, i) => gl.getActiveUniform(program, i));
    return { program, uniforms: uniforms.map(({ name, type }) => ({ name, type, at: gl.getUniformLocation(program, name) })) };
}

function makeTexture(gl, bitmap) {
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    for (const [name, value] of [["WRAP_S", "CLAMP_TO_EDGE"], ["WRAP_T", "CLAMP_TO_EDGE"], ["MIN_FILTER", "LINEAR"], ["MAG_FILTER", "LINEAR"]]) {
        gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_${name}`], gl[value]);
    }
    return texture;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} bitmap the photo
 * @returns paint({triangles, places, from, within, depths}, kind, values): places and from are x, y
 *     of each vertex in the photo's pixels; kind is "skin", "eye", "mouth", "teeth" or "lash"
 */
export function makePainter(canvas, bitmap) {
    const gl = canvas.getContext("webgl", { alpha: false, antialias: true });
    if (!gl) {
        throw new Error("this browser has no WebGL");
    }
    const programs = { skin: link(gl, SKIN), eye: link(gl, EYE), mouth: link(gl, MOUTH), teeth: link(gl, TEETH), lash: link(gl, LASH) };
    const texture = makeTexture(gl, bitmap);
    const buffers = [0, 1, 2, 3, 4].map(() => gl.createBuffer());
    const size = [bitmap.width, bitmap.height];

    function setUniforms({ uniforms }, values) {
        for (const { name, type, at } of uniforms) {
            const value = name === "size" ? size : values[name];
            if (type === gl.FLOAT) {
                gl.uniform1f(at, value);
            } else if (type === gl.FLOAT_VEC2) {
                gl.uniform2fv(at, value);
            } else if (type === gl.FLOAT_VEC3) {
                gl.uniform3fv(at, value);
            }
        }
    }

    function load(index, target, data) {
        gl.bindBuffer(target, buffers[index]);
        gl.bufferData(target, data, gl.STREAM_DRAW);
        if (target === gl.ARRAY_BUFFER) {
            gl.enableVertexAttribArray(index);
            gl.vertexAttribPointer(index, SIZES[index], gl.FLOAT, false, 0, 0);
        }
    }

    return {
        begin() {
            gl.viewport(0, 0, canvas.width, canvas.height);
            gl.clear(gl.DEPTH_BUFFER_BIT);
            gl.bindTexture(gl.TEXTURE_2D, texture);
            gl.enable(gl.BLEND);
            gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
        },
        paint({ triangles, places, from, within, depths }, kind, values = {}) {
            gl.useProgram(programs[kind].program);
            setUniforms(programs[kind], values);
            load(0, gl.ARRAY_BUFFER, places);
            load(1, gl.ARRAY_BUFFER, from);
            for (const [index, data] of [[2, within], [3, depths]]) {
                if (data) {
                    load(index, gl.ARRAY_BUFFER, data);
                } else {
                    gl.disableVertexAttribArray(index);
                }
            }
            load(4, gl.ELEMENT_ARRAY_BUFFER, triangles);
            // What the turned head hides of itself is behind it.
            (depths ? gl.enable : gl.disable).call(gl, gl.DEPTH_TEST);
            gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_SHORT, 0);
        },
        dispose() {
            gl.getExtension("WEBGL_lose_context")?.loseContext();
        },
    };
}
