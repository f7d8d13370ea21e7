"""mocap-fleet against a real broker of MQTT. Usage: check_fleet_mqtt.py SUBJECT MOCAP_FLEET
PLAYED_STREAMS"""

import getpass
import os
import signal
import socket
import subprocess
import sys

from fleet_rig import GUARD_S, Place, Process, find, free_port, make_certificates, wait_for


class Subscribed(Process):
    """mosquitto_sub: topics and messages as they come."""

    def __init__(self, place, port, *topics, name="sub"):
        arguments = [word for topic in topics for word in ("-t", topic)]
        super().__init__(place, name, find("stdbuf"), "-oL", find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port),
                         "-F", "%r %t %p", *arguments)


def start_mosquitto(place, port, more="persistence false\n"):
    with open(place.path("mosquitto.conf"), "w", encoding="ascii") as out:
        out.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n{more}")
    server = Process(place, "mosquitto", find("mosquitto"), "-c", place.path("mosquitto.conf"))
    server.says("mosquitto version")
    wait_for("listener", lambda: " running" in server.text())
    return server


def check_mqtt(place):
    """Home automation: states are kept, presence is told, the last will says who is gone."""
    find("mosquitto_sub")
    port = free_port()
    server = start_mosquitto(place, port)
    daemon = place.daemon("cam", count=2)
    publisher = place.fleet("publish", "--mqtt", f"mqtt://me:secret@127.0.0.1:{port}", "--site",
                            "home", "--machine", "desk", "--socket", daemon.socket)
    sub = Subscribed(place, port, "mocap/v1/home/cam0/record", "mocap/v1/home/cam0/stats")
    sub.says("0 mocap/v1/home/cam0/record ")
    sub.says("0 mocap/v1/home/cam0/stats {")
    # All that is retained is there for those that come late.
    late = Subscribed(place, port, "#", name="late")
    late.says("1 mocap/publishers/home/desk online")
    late.says('1 homeassistant/binary_sensor/mocap_home__cam0/presence/config {"name":"Presence"')
    late.says('1 mocap/v1/home/cam0/presence {"presence":"ON","faces":1,"yaw":12,"pitch":-3}')
    late.says('"state":"live"')
    assert "secret" not in publisher.text(), publisher.text()
    # The broker restarts, and has forgotten all.
    server.end()
    server = start_mosquitto(place, port)
    again = Subscribed(place, port, "#", name="again")
    again.says(' mocap/v1/home/cam0/state {"type":"state","stream":"cam0","state":"live"')
    again.says(" homeassistant/binary_sensor/mocap_home__cam0/presence/config")
    check_mqtt_removal(place, port, daemon)
    publisher.end(signal.SIGKILL)
    again.says(" mocap/publishers/home/desk offline")


def retained(port):
    """All that the broker keeps."""
    said = subprocess.run([find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-t", "#",
                           "--retained-only", "-F", "%t %p", "-W", "2"], capture_output=True,
                          check=False, text=True)
    return said.stdout


def check_mqtt_removal(place, port, daemon):
    """Nobody is present where no camera looks; of a stream that is gone nothing is left."""
    sub = Subscribed(place, port, "#", name="sub-removal")
    for stream in ("cam0", "cam1"):
        sub.says(f' mocap/v1/home/{stream}/presence {{"presence":"ON"')
    daemon.end(signal.SIGKILL)
    for stream in ("cam0", "cam1"):
        sub.says(f'0 mocap/v1/home/{stream}/presence {{"presence":"OFF","faces":0}}')
    assert retained(port).count('"presence":"OFF"') == 2 and '"ON"' not in retained(port)
    # The next daemon has one stream less.
    daemon = place.daemon("cam", count=1)
    kept = [line.split()[0] for line in retained(port).splitlines() if "cam1" in line]
    for topic in ("mocap/v1/home/cam1/presence", "mocap/v1/home/cam1/state",
                  "homeassistant/binary_sensor/mocap_home__cam1/presence/config",
                  *(f"homeassistant/sensor/mocap_home__cam1/{name}/config"
                    for name in ("faces", "yaw", "pitch", "state"))):
        sub.says(f"0 {topic} \n")
        kept = [other for other in kept if other != topic]
    assert kept == [] and "cam1" not in retained(port), (kept, retained(port))
    assert "cam0" in retained(port)
    # It comes back.
    daemon.end(signal.SIGKILL)
    place.daemon("cam", count=2)
    wait_for("presence", lambda: '/cam1/presence {"presence":"ON"' in retained(port))
    assert retained(port).count("mocap_home__cam1/") >= 5, retained(port)


ENTITIES = ("binary_sensor/mocap_home__cam1/presence", "sensor/mocap_home__cam1/faces",
            "sensor/mocap_home__cam1/yaw", "sensor/mocap_home__cam1/pitch",
            "sensor/mocap_home__cam1/state")
RETAINED = ("mocap/v1/home/cam1/state", "mocap/v1/home/cam1/presence",
            *(f"homeassistant/{entity}/config" for entity in ENTITIES))


def check_mqtt_moves(place):
    """A stream that moves to another machine stays in Home Assistant, whichever machine is first."""
    find("mosquitto_sub")
    port = free_port()
    start_mosquitto(place, port)

    def start_publisher(machine, daemon):
        return place.fleet("publish", "--mqtt", f"mqtt://127.0.0.1:{port}", "--site", "home",
                           "--machine", machine, "--socket", daemon.socket, name=machine)

    def kept_of_cam1():
        lines = [line.split(" ", 1) for line in retained(port).splitlines()]
        return {topic: text for topic, text in lines if "cam1" in topic}

    def belongs_to(machine):
        """All that is kept of cam1 is this machine's, and live."""
        kept = kept_of_cam1()
        return (sorted(kept) == sorted(RETAINED) and f'"publisher":"{machine}"' in kept[RETAINED[0]]
                and '"state":"live"' in kept[RETAINED[0]] and '"presence":"ON"' in kept[RETAINED[1]]
                and all(f'"mocap/publishers/home/{machine}"' in kept[topic] for topic in RETAINED[2:]))
    daemons = {"a": place.daemon(machine="a")}
    publishers = {"a": start_publisher("a", daemons["a"])}
    wait_for("a's messages", lambda: belongs_to("a"))

    def restart_daemon(machine, count):
        """Returns when its publisher has reported with the new list of streams."""
        connected = publishers[machine].text().count("connected to played")
        daemons[machine].end(signal.SIGKILL)
        daemons[machine] = place.daemon(count=count, machine=machine)
        wait_for("the list", lambda: publishers[machine].text().count("connected to played") > connected)
        stats = Subscribed(place, port, "mocap/v1/home/cam0/stats", name=f"stats-{machine}")
        wait_for("reports", lambda: stats.text().count(f'"publisher":"{machine}"') >= 2)
        stats.end()

    # First the new one, then the old one: nothing is removed even for a moment.
    daemons["b"] = place.daemon(machine="b")
    publishers["b"] = start_publisher("b", daemons["b"])
    wait_for("b's messages", lambda: belongs_to("b"))
    sub = Subscribed(place, port, *RETAINED, name="sub-move")
    sub.says(f"1 {RETAINED[-1]} {{")
    restart_daemon("a", 1)
    assert belongs_to("b"), kept_of_cam1()
    assert not any(f" {topic} \n" in sub.text() for topic in RETAINED), sub.text()
    assert '"publisher":"a"' not in sub.text(), sub.text()

    # The old one did not know yet: what it removes or says last is put right.
    def send(topic, *message):
        subprocess.run([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-r",
                        "-t", topic, *message], check=True, timeout=GUARD_S)
    for topic in RETAINED:
        send(topic, "-n")
        wait_for(f"{topic} again", lambda: belongs_to("b"))
    for topic in RETAINED:
        send(topic, "-n")
    wait_for("all again", lambda: belongs_to("b"))
    send(RETAINED[1], "-m", '{"presence":"OFF","faces":0}')
    send(RETAINED[0], "-m", '{"type":"state","stream":"cam1","state":"connecting","publisher":"a"}')
    wait_for("b's state again", lambda: belongs_to("b"))

    # First the old one, then the new one.
    restart_daemon("b", 1)
    assert kept_of_cam1() == {}
    restart_daemon("a", 2)
    wait_for("a's messages again", lambda: belongs_to("a"))
    for publisher in publishers.values():
        assert publisher.end() == 0, publisher.text()


MANY = 64  # streams: as many as a daemon has


def kept_of_all(port):
    """How many states and presences of each kind the broker keeps."""
    text = retained(port)
    return {what: text.count(word) for what, word in (
        ("live", '"state":"live"'), ("connecting", '"state":"connecting"'),
        ("ON", '"presence":"ON"'), ("OFF", '"presence":"OFF"'), ("online", "/desk online\n"),
        ("offline", "/desk offline\n")) if word in text}


def check_mqtt_ends(place):
    """Whatever ends, and in whichever order, nothing that is kept stays live, and nobody present."""
    find("mosquitto_sub")
    port = free_port()
    kept = f"persistence true\npersistence_location {place.folder}/\nuser {getpass.getuser()}\n"
    server = start_mosquitto(place, port, kept)
    daemon = place.daemon("cam", count=MANY, rate=2)

    def start_publisher():
        return place.fleet("publish", "--mqtt", f"mqtt://127.0.0.1:{port}", "--site", "home",
                           "--machine", "desk", "--socket", daemon.socket)
    all_live = {"live": MANY, "ON": MANY, "online": 1}
    none_live = {"connecting": MANY, "OFF": MANY}

    # The publisher ends in order: the broker has it all by then.
    publisher = start_publisher()
    wait_for("live streams", lambda: kept_of_all(port) == all_live)
    assert publisher.end() == 0
    assert kept_of_all(port) == {**none_live, "offline": 1}, kept_of_all(port)
    assert "last messages" not in publisher.text(), publisher.text()

    # The daemon ends.
    publisher = start_publisher()
    wait_for("live streams", lambda: kept_of_all(port) == all_live)
    daemon.end(signal.SIGKILL)
    wait_for("no live stream", lambda: kept_of_all(port) == {**none_live, "online": 1})

    # The daemon ends while the broker is away, which comes back with what it has kept.
    daemon = place.daemon("cam", count=MANY, rate=2)
    wait_for("live streams", lambda: kept_of_all(port) == all_live)
    server.end()
    publisher.says("lost the MQTT broker")
    daemon.end(signal.SIGKILL)
    server = start_mosquitto(place, port, kept)
    wait_for("no live stream", lambda: kept_of_all(port) == {**none_live, "online": 1})

    # A broker that does not read holds the end up for a moment, and that is in the log.
    server.process.send_signal(signal.SIGSTOP)
    assert publisher.end() == 0
    publisher.says("has not taken the last messages")
    server.process.send_signal(signal.SIGCONT)


def check_mqtt_tls(place):
    """mqtts:// with this system's authorities or --ca, with and without a certificate of its own."""
    make_certificates(place)
    daemon = place.daemon("cam", count=1)
    pem = {name: place.path(f"{name}.pem") for name in ("ca", "cert", "key")}
    more = (f"persistence false\nuser {getpass.getuser()}\ncafile {pem['ca']}\n"
            f"certfile {pem['cert']}\nkeyfile {pem['key']}\n")
    ours = ["--cert", pem["cert"], "--key", pem["key"]]
    system = dict(os.environ, SSL_CERT_FILE=pem["ca"], SSL_CERT_DIR=place.folder)

    def start(port, *words, **options):
        return Process(place, "publish", place.fleet_program, "publish", "--mqtt",
                       f"mqtts://localhost:{port}", "--socket", daemon.socket, *words, **options)
    for required in ("false", "true"):
        port = free_port()
        server = start_mosquitto(place, port, f"{more}require_certificate {required}\n")
        bad = [start(port, *ours)] # this system's authorities have not signed the broker's
        good = [start(port, "--ca", pem["ca"], *ours), start(port, *ours, env=system)]
        for words, options in ((["--ca", pem["ca"]], {}), ([], {"env": system})):
            (bad if required == "true" else good).append(start(port, *words, **options))
        for process in good:
            process.says("connected to the MQTT broker")
        for process in bad:
            process.says("cannot reach the MQTT broker at mqtts://localhost")
            assert "connected to the MQTT broker" not in process.text(), process.text()
        for process in good + bad:
            assert process.end() == 0, process.text()
        server.end()


def check_mqtt_faults(place):
    """Whatever is wrong with the broker, it is said, and tried again until it is right."""
    make_certificates(place)
    daemon = place.daemon("cam", count=1)
    pem = {name: place.path(f"{name}.pem") for name in ("ca", "cert", "key")}

    def start(scheme, port, *words):
        return place.fleet("publish", "--mqtt", f"{scheme}://localhost:{port}", "--socket",
                           daemon.socket, *words)
    # A certificate that is of another name, or not valid yet, as clocks are not set at boot.
    port = free_port()
    process = start("mqtts", port, "--ca", pem["ca"])
    process.says(": Connection refused; trying again")
    for certificate, key in ((pem["ca"], place.path("ca.key")), (pem["cert"], pem["key"])):
        server = start_mosquitto(place, port, f"persistence false\nuser {getpass.getuser()}\n"
                                 f"certfile {certificate}\nkeyfile {key}\n")
        if certificate == pem["ca"]:
            process.says("certificate verify failed")
            assert "connected to the MQTT broker" not in process.text(), process.text()
        else:
            process.says("connected to the MQTT broker")
            assert process.end() == 0
        server.end()

    # Another server, which answers in another language.
    with socket.create_server(("127.0.0.1", port)) as listener:
        process = start("mqtt", port)
        connection, _ = listener.accept()
        connection.sendall(bytes(8))
        process.says("cannot reach the MQTT broker at mqtt://localhost")
        connection.close()
    start_mosquitto(place, port)
    process.says("connected to the MQTT broker")
    assert process.end() == 0


def main():
    name, fleet, played = sys.argv[1:]
    with Place(fleet, played) as place:
        globals()[f"check_{name}"](place)


if __name__ == "__main__":
    main()
