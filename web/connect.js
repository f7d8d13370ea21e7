/** How to use it elsewhere: OBS, and the programs that mocap-bridge drives, with its state. */
import { obsAddress } from "./address.js";
import { makeDialog } from "./dialog.js";
import { copyFrom, make } from "./elements.js";

const BRIDGE_EVERY_MS = 2000;

/** [program, command, what to enter there] */
export const PROGRAMS = [
    ["VSeeFace", "mocap-bridge --vmc 127.0.0.1", ["General settings → OSC/VMC receiver: turn it on, port 39539.", "Untick everything that should come from another source."]],
    ["Warudo", "mocap-bridge --vmc 127.0.0.1", ["Add the asset “VMC” motion capture, port 39539, and choose it in the character’s motion capture.", "With a model made for perfect sync, add --shapes arkit."]],
    ["VMagicMirror", "mocap-bridge --vmc 127.0.0.1", ["VMC Protocol → receive, port 39539; tick head and face."]],
    ["Unity (EVMC4U)", "mocap-bridge --vmc 127.0.0.1", ["Add ExternalReceiver to the scene, port 39539."]],
    ["Godot (XR tracker for VMC)", "mocap-bridge --vmc 127.0.0.1:7004", ["Turn on the VMC tracker in the project’s settings; it listens on port 7004."]],
    ["VRChat (VRCFaceTracking parameters)", "mocap-bridge --vrchat 127.0.0.1", ["In the action menu: Options → OSC → Enabled.", "The avatar needs face tracking parameters (v2)."]],
    ["VTube Studio", "mocap-bridge --vtube-studio 127.0.0.1", ["Settings → General → VTube Studio API: start it, port 8001.", "Allow the plugin when VTube Studio asks, then choose its parameters in the model’s settings."]],
    ["iFacialMocap receivers (Blender, Unity, Maya)", "mocap-bridge --ifacialmocap 127.0.0.1", ["Start receiving in the program, UDP port 49983."]],
    ["Unreal Engine (Live Link Face)", "mocap-bridge --live-link 127.0.0.1", ["Enable the plugins Live Link and Apple ARKit Face Support; the source appears in the Live Link window, port 11111."]],
    ["opentrack (head)", "mocap-bridge --opentrack 127.0.0.1", ["Input: UDP over network, port 4242."]],
    ["Anything that reads OSC", "mocap-bridge --osc 127.0.0.1", ["Listen on port 8000."]],
    ["Programs for OpenSeeFace", "mocap-bridge --osf 127.0.0.1", ["Start tracking with the program’s own camera turned off; port 11573."]],
];

function makeCopyable(text, id) {
    const button = make("button", { type: "button", id }, "Copy");
    const code = make("code", {}, text);
    button.addEventListener("click", () => copyFrom(button, code.textContent));
    return [code, button];
}

function makeProgram([name, command, steps]) {
    return make("details", {}, make("summary", {}, name), make("div", { className: "row" }, ...makeCopyable(command)), make("ol", {}, ...steps.map((step) => make("li", {}, step))));
}

/** One line for each target of the bridge. */
function describe({ targets, reason }) {
    if (!targets) {
        return [make("li", { title: reason }, /no answer in time/.test(reason) ? "It is not responding." : "It is not running.")];
    }
    return targets.map(({ name, type, address, state, reason, sent, connected, outage }) => {
        const words = (connected === false ? ["waiting for mocapd", outage] : [state, reason]).filter(Boolean).join(": ");
        const count = sent === undefined ? "" : `, ${sent} sent`;
        return make("li", {}, `${name ?? type} → ${address}: ${words || "running"}${count}`);
    });
}

/** @param {() => Parameters<typeof obsAddress>[1]} shown what the page shows */
export function makeConnect(shown) {
    const [obs, copy] = makeCopyable("", "obs-copy");
    obs.id = "obs-address";
    const bridge = make("ul", { id: "bridge" });
    let timer = 0;

    async function showBridge() {
        try {
            const response = await fetch(new URL("bridge", document.baseURI));
            bridge.replaceChildren(...describe(await response.json()));
        } catch {
            bridge.replaceChildren(make("li", {}, "mocap-web is not responding."));
        }
    }

    function fill(box) {
        box.append(
            make("h3", {}, "OBS and Streamlabs: the avatar on a transparent background"),
            make("ol", {}, make("li", {}, "Sources → + → Browser."), make("li", {}, "Paste this address and set width and height to 800:")),
            make("div", { className: "row" }, obs, copy),
            make("p", { className: "soft" }, "It shows what this page shows now: the same avatar, mirroring, stream and face. Your models and photo are stored only in this browser: in OBS, right-click the source, choose Interact, and add them once."),
            make("h3", {}, "Avatar programs"),
            make("p", { className: "soft" }, "Start mocap-bridge on the machine that runs mocapd. If the avatar program runs on another machine, replace 127.0.0.1 with its address."),
            ...PROGRAMS.map(makeProgram),
            make("h3", {}, "Status of mocap-bridge"),
            bridge,
        );
    }

    makeDialog("connect", {
        open(box) {
            if (box.childElementCount === 0) {
                fill(box);
            }
            obs.textContent = obsAddress(new URL(location.href), shown());
            showBridge();
            timer = setInterval(showBridge, BRIDGE_EVERY_MS);
        },
        close: () => clearInterval(timer),
    });
}
