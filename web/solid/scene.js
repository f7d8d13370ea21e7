import { ACESFilmicToneMapping, DirectionalLight, HemisphereLight, PerspectiveCamera, Scene, WebGLRenderer } from "three";

/**
 * A lit scene on a canvas that fills its parent. It draws when it is told to, and
 * when its size changes: nothing runs while nothing moves. A graphics processor that
 * is slower than the records gets the newest only.
 */
export function makeScene(parent) {
    const canvas = document.createElement("canvas");
    const renderer = new WebGLRenderer({ canvas, alpha: true, antialias: true });
    renderer.toneMapping = ACESFilmicToneMapping;
    renderer.setPixelRatio(Math.min(globalThis.devicePixelRatio || 1, 2));
    const scene = new Scene();
    const camera = new PerspectiveCamera(26, 1, 0.1, 30);
    scene.add(new HemisphereLight(0xfff4e6, 0x8a6d5c, 1.6));
    const key = new DirectionalLight(0xffffff, 2.2);
    key.position.set(-1.6, 2.2, 3);
    const rim = new DirectionalLight(0xbfe3ff, 1.4);
    rim.position.set(2.4, 1.2, -2);
    scene.add(key, rim);
    const gl = renderer.getContext();
    let drawn = null; // signalled when the last picture is done
    let isWaiting = false;
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
        renderer.render(scene, camera);
        gl.deleteSync(drawn);
        drawn = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
        gl.flush();
    };
    const observer = new ResizeObserver(() => {
        const { clientWidth: width, clientHeight: height } = parent;
        if (width > 0 && height > 0) {
            renderer.setSize(width, height, false);
            camera.aspect = width / height;
            camera.updateProjectionMatrix();
            draw();
        }
    });
    parent.prepend(canvas);
    observer.observe(parent);
    return {
        scene,
        camera,
        canvas,
        draw,
        dispose() {
            observer.disconnect();
            renderer.dispose();
            canvas.remove();
        },
    };
}
