/**
 * Paints a photo on its mesh with WebGL, from the back to the front: the photo as it is, the eyes,
 * the inside of the mouth, and the skin with holes for both.
 */

const VERTEX = `
attribute vec2 place; // pixels of the photo
attribute vec2 from; // likewise: where the photo shows it
attribute vec2 within; // of the mouth: across, -1 to 1, and down, 0 to 1
uniform vec2 size;
varying vec2 at;
varying vec2 inside;
void main() {
    at = from;
    inside = within;
    gl_Position = vec4(2.0 * place.x / size.x - 1.0, 1.0 - 2.0 * place.y / size.y, 0.0, 1.0);
}`;

const SKIN = `
precision highp float;
uniform sampler2D photo;
uniform vec2 size;
varying vec2 at;
void main() {
    gl_FragColor = texture2D(photo, at / size);
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

// Lengths are widths of the face: a tooth is about 0.06 wide.
const MOUTH = `
precision highp float;
uniform sampler2D photo;
uniform vec2 size;
uniform vec3 light; // of the face
uniform float parted, half_width, raised, aside, own;
varying vec2 at;
varying vec2 inside;
float tooth_lines(float x, float width) {
    float near = abs(fract(x / width) - 0.5);
    return smoothstep(0.42, 0.5, near);
}
void main() {
    float u = inside.x, y = inside.y * parted, x = u * half_width + aside;
    float round = 1.0 - u * u;
    vec3 colour = mix(vec3(0.20, 0.055, 0.06), vec3(0.06, 0.015, 0.02), round * smoothstep(0.0, 0.1, parted));
    // The tongue lies behind the lower teeth.
    float tongue = smoothstep(1.0, 0.72, length(vec2(u / 0.72, (y - parted - 0.01) / (0.16 + 0.32 * parted) )));
    vec3 tongue_colour = vec3(0.62, 0.27, 0.27) * (0.55 + 0.45 * round);
    colour = mix(colour, tongue_colour, tongue * smoothstep(0.05, 0.13, parted));
    vec3 tooth = vec3(0.93, 0.89, 0.83);
    // The upper teeth keep their place while the lip rises; the lower ones go with the jaw.
    float upper = (0.024 + clamp(raised, 0.0, 0.05)) * (1.0 - 0.35 * u * u);
    float blur = 0.006;
    float upper_teeth = smoothstep(upper + blur, upper - blur, y) * smoothstep(1.0, 0.86, abs(u));
    vec3 upper_colour = tooth * (1.0 - 0.10 * tooth_lines(x + 0.031, 0.062)) * (0.62 + 0.38 * round) * (0.72 + 0.28 * smoothstep(0.0, 0.03, y));
    colour = mix(colour, upper_colour, upper_teeth);
    float lower = parted - 0.017 * (1.0 - 0.5 * u * u);
    float lower_teeth = smoothstep(lower - blur, lower + blur, y) * smoothstep(0.8, 0.6, abs(u)) * smoothstep(0.06, 0.14, parted);
    colour = mix(colour, tooth * (0.50 + 0.18 * round) * (1.0 - 0.12 * tooth_lines(x + 0.02, 0.042)), lower_teeth);
    colour *= 0.45 + 0.55 * smoothstep(0.0, 0.025, min(y, parted - y) + 0.012 * round);
    colour *= light;
    // What the photo itself shows between its lips stays with the upper jaw.
    vec4 seen = texture2D(photo, at / size);
    float share = own * (1.0 - smoothstep(0.7, 1.0, inside.y));
    gl_FragColor = vec4(mix(colour, seen.rgb, own > 0.999 ? 1.0 : share), 1.0);
}`;

// A line where lids meet.
const LASH = `
precision highp float;
uniform float shut;
varying vec2 inside;
void main() {
    float edge = (1.0 - abs(inside.x) * abs(inside.x)) * (1.0 - abs(inside.y));
    gl_FragColor = vec4(0.09, 0.05, 0.04, 1.0) * (0.75 * shut * edge);
}`;

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
    ["place", "from", "within"].forEach((name, i) => gl.bindAttribLocation(program, i, name));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
        throw new Error(gl.isContextLost() ? "the graphics were lost" : "this browser cannot draw it");
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
 * @returns paint({triangles, places, from, within}, kind, values): places and from are x, y of each
 *     vertex in the photo's pixels; kind is "skin", "eye", "mouth" or "lash"
 */
export function makePainter(canvas, bitmap) {
    const gl = canvas.getContext("webgl", { alpha: false, antialias: true });
    if (!gl) {
        throw new Error("this browser has no WebGL");
    }
    const programs = { skin: link(gl, SKIN), eye: link(gl, EYE), mouth: link(gl, MOUTH), lash: link(gl, LASH) };
    const texture = makeTexture(gl, bitmap);
    const buffers = [0, 1, 2, 3].map(() => gl.createBuffer());
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
            gl.vertexAttribPointer(index, 2, gl.FLOAT, false, 0, 0);
        }
    }

    return {
        begin() {
            gl.viewport(0, 0, canvas.width, canvas.height);
            gl.bindTexture(gl.TEXTURE_2D, texture);
            gl.enable(gl.BLEND);
            gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
        },
        paint({ triangles, places, from, within }, kind, values = {}) {
            gl.useProgram(programs[kind].program);
            setUniforms(programs[kind], values);
            load(0, gl.ARRAY_BUFFER, places);
            load(1, gl.ARRAY_BUFFER, from);
            load(2, gl.ARRAY_BUFFER, within ?? places);
            load(3, gl.ELEMENT_ARRAY_BUFFER, triangles);
            gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_SHORT, 0);
        },
        dispose() {
            gl.getExtension("WEBGL_lose_context")?.loseContext();
        },
    };
}
