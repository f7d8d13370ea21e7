import { ACESFilmicToneMapping, DirectionalLight, HemisphereLight, PerspectiveCamera, Scene, WebGLRenderer } from "three";

const RATIO_MOST = 2; // pixels of the canvas for each of the page, across
const RATIO_LEAST = 0.4;
const RATIO_SLOW = 0.75; // to begin with, where the CPU renders
const SHRINK = 0.75;
const SLOW_MS = 45; // two frames of a screen, which one of ours may take,
const SLOW_DRAWS = 5; // and how often in a row it may take longer

/** Whether the CPU renders, for lack of a GPU. */
function isSoftware() {
    const gl = document.createElement("canvas").getContext("webgl2");
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    const name = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
    gl?.getExtension("WEBGL_lose_context")?.loseContext();
    return /swiftshader|llvmpipe|software/i.test(name);
}

/**
 * A lit scene on a canvas that fills its parent. It draws on request and when its size
 * changes: nothing runs while nothing moves. A GPU slower than the records skips to the
 * newest, and then renders fewer pixels; a CPU starts with few. Edges are smoothed in either
 * case: a mouth with steps is worse than a soft one.
 *
 * The camera keeps its subject in view, whatever the canvas' shape: see setSubject.
 */
export function makeScene(parent) {
    const canvas = document.createElement("canvas");
    const isSlow = isSoftware();
    const renderer = new WebGLRenderer({ canvas, alpha: true, antialias: true });
    renderer.toneMapping = ACESFilmicToneMapping;
    const scene = new Scene();
    const camera = new PerspectiveCamera(26, 1, 0.1, 30);
    scene.add(new HemisphereLight(0xfff4e6, 0x8a6d5c, 1.6));
    const key = new DirectionalLight(0xffffff, 2.2);
    key.position.set(-1.6, 2.2, 3);
    const rim = new DirectionalLight(0xbfe3ff, 1.4);
    rim.position.set(2.4, 1.2, -2);
    scene.add(key, rim);
    const gl = renderer.getContext();
    let drawn = null; // signalled when the last frame is done
    let isWaiting = false;
    let ratio = isSlow ? RATIO_SLOW : Math.min(globalThis.devicePixelRatio || 1, RATIO_MOST);
    let slowDraws = 0; // in a row
    let isTimed = false;
    let subject = { y: 0, height: 1, width: 1, depth: 0 };
    const aim = () => {
        const half = Math.tan((camera.fov * Math.PI) / 360);
        const distance = Math.max(subject.height, subject.width / camera.aspect) / (2 * half) + subject.depth;
        camera.position.set(0, subject.y, distance);
        camera.lookAt(0, subject.y, 0);
    };
    const fit = () => {
        const { clientWidth: width, clientHeight: height } = parent;
        if (width > 0 && height > 0) {
            renderer.setPixelRatio(ratio);
            renderer.setSize(width, height, false);
            camera.aspect = width / height;
            camera.updateProjectionMatrix();
            aim();
        }
        return width > 0 && height > 0;
    };
    const adapt = (tookMs) => {
        slowDraws = tookMs > SLOW_MS ? slowDraws + 1 : 0;
        if (slowDraws === SLOW_DRAWS && ratio > RATIO_LEAST) {
            ratio = Math.max(RATIO_LEAST, ratio * SHRINK);
            slowDraws = 0;
            fit();
        }
    };
    // The browser requests the next animation frame once this one has been submitted.
    const time = () => {
        const fromMs = performance.now();
        isTimed = true;
        requestAnimationFrame(() =>
            requestAnimationFrame(() => {
                isTimed = false;
                adapt(performance.now() - fromMs);
            }),
        );
    };
    const isBusy = () => drawn !== null && gl.clientWaitSync(drawn, 0, 0) === gl.TIMEOUT_EXPIRED;
    const draw = () => {
        if (isBusy()) {
            if (!isWaiting) {
                isWaiting = true;
                requestAnimationFrame(() => {
                    isWaiting = false;
                    draw();
                });
            }
            return;
        }
        if (!isTimed) {
            time();
        }
        renderer.render(scene, camera);
        gl.deleteSync(drawn);
        drawn = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
        gl.flush();
    };
    const observer = new ResizeObserver(() => fit() && draw());
    parent.prepend(canvas);
    observer.observe(parent);
    return {
        scene,
        camera,
        canvas,
        draw,
        /** What must be seen: its middle's height, its size, and how far its front is before the origin. */
        setSubject(next) {
            subject = next;
            aim();
        },
        dispose() {
            observer.disconnect();
            renderer.dispose();
            renderer.forceContextLoss(); // a browser has few contexts, and collects them late
            canvas.remove();
        },
    };
}
