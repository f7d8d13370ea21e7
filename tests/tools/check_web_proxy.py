#!/usr/bin/env python3
"""mocap-web behind nginx, configured as docs/bridges.md says, at a path and with a password.

    check_web_proxy.py MOCAP_WEB
"""

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from check_web import Browser, Web, check, in_thread, make_pages
from played_daemon import Daemon, abort_after

GUARD_S = 60
PASSWORD = "Authorization: Basic " + base64.b64encode(b"anna:secret").decode() + "\r\n"
NGINX = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""


def documented():
    """The block of the documentation."""
    path = os.path.join(os.path.dirname(__file__), "../../docs/bridges.md")
    with open(path, encoding="utf-8") as file:
        return re.search(r"```nginx\n(.*?)```", file.read(), re.S)[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy(Web):
    """nginx; it is asked as mocap-web is."""

    def __init__(self, directory, port, web_port):  # pylint: disable=super-init-not-called
        self.port = port
        users = os.path.join(directory, "users")
        with open(users, "w", encoding="ascii") as file:
            file.write("anna:{PLAIN}secret\n")
        location = documented()
        for ours, theirs in ((f"127.0.0.1:{web_port}/", "127.0.0.1:8040/"),
                             (users, "/etc/nginx/mocap.users")):
            check(theirs in location, location)
            location = location.replace(theirs, ours)
        config = os.path.join(directory, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(NGINX.format(directory=directory, port=port, location=location))
        self.process = subprocess.Popen(["nginx", "-p", directory, "-c", config, "-e",
                                         os.path.join(directory, "error.log")])
        while not self.listens():
            check(self.process.poll() is None, "nginx ended")
            time.sleep(0.02)

    def listens(self):
        try:
            self.connect().close()
            return True
        except ConnectionRefusedError:
            return False


def check_http(proxy, daemon):
    def get(path, method="GET"):
        return proxy.get(path, method=method, more=PASSWORD)

    check(proxy.get("/mocap/").startswith("HTTP/1.1 401"), "without the password")
    page = get("/mocap/")
    check(page.startswith("HTTP/1.1 200") and page.endswith("<p>hello"), page)
    check("content-security-policy: default-src 'none'" in page.lower(), page)
    check(get("/mocap/app.js").startswith("HTTP/1.1 200"), "a script")
    check(get("/mocap/nothing.js").startswith("HTTP/1.1 404"), "what is not there")
    head = get("/mocap/", "HEAD")
    check(head.startswith("HTTP/1.1 200") and head.endswith("\r\n\r\n") and
          "content-length: 8\r\n" in head.lower(), head)
    health = get("/mocap/healthz")
    check(health.startswith("HTTP/1.1 200") and health.endswith("ok\n"), health)
    check(get("/mocap/healthz", "HEAD").startswith("HTTP/1.1 200"), "HEAD of its health")
    check(get("/mocap/bridge").startswith("HTTP/1.1 200"), "the bridge's state")
    text = "# TYPE mocapd_frames counter\n" + 5000 * "mocapd_frames 1\n"
    thread, _ = in_thread(lambda: daemon.answer_call({"type": "metrics", "text": text}))
    metrics = get("/mocap/metrics")
    thread.join()
    check(metrics.startswith("HTTP/1.1 200") and metrics.endswith("\r\n\r\n" + text), metrics[:300])


def check_reason(proxy, origin):
    """A page at another address learns why its WebSocket is refused."""
    for given, status in ((origin, "200"), ("https://other.example", "403")):
        answer = proxy.get("/mocap/ws", method="POST", more=f"{PASSWORD}Origin: {given}\r\n"
                                                            "Content-Length: 0\r\n")
        check(answer.startswith(f"HTTP/1.1 {status}"), answer)
    check("--origin https://other.example" in answer, answer)


def check_socket(proxy, daemon, origin):
    check(not Browser(proxy, origin, path="/mocap/ws").welcome, "without the password")
    check(not Browser(proxy, "https://other.example", path="/mocap/ws", more=PASSWORD).welcome,
          "a page of another origin")
    browser = Browser(proxy, origin, path="/mocap/ws", more=PASSWORD)
    check(browser.welcome, "its own page")
    check(browser.read_type("hello")["server"] == "played 1", "the daemon's greeting")
    daemon.grant()
    daemon.state("one", "live")
    check(browser.read_type("state")["state"] == "live", "the stream's state")
    for _ in range(3):
        daemon.record([{"id": 1, "score": 0.5, "box": [1, 2, 3, 4], "keypoints": [[1, 2, 0.5]]}])
        check(browser.read_type("motion")["seq"] == daemon.seq - 1, "a record")
    browser.send(b'{"type":"ping","id":9}')
    check(browser.read_type("pong")["id"] == 9, "a pong")
    browser.close()


def main():
    if shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") is None:
        print("skipped: no nginx (package nginx-light)")
        return 77
    os.environ["PATH"] += ":/usr/sbin"
    abort_after(GUARD_S)
    directory = tempfile.mkdtemp(prefix="mocapd-proxy-")
    web = proxy = None
    try:
        make_pages(directory)
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        web = Web(sys.argv[1], directory, origin)
        proxy = Proxy(directory, port, web.port)
        daemon = Daemon(os.path.join(directory, "s"), grants=False)
        daemon.let_go()  # until a browser is there
        check_http(proxy, daemon)
        check_reason(proxy, origin)
        check_socket(proxy, daemon, origin)
        daemon.close()
        proxy.process.send_signal(signal.SIGQUIT)
        check(proxy.process.wait(GUARD_S) == 0, "nginx's end")
        web.stop()
    finally:
        for one in (web, proxy):
            if one is not None and one.process.poll() is None:
                one.process.kill()
        shutil.rmtree(directory)
    print("behind nginx, configured as documented, pages and sockets work")
    return 0


if __name__ == "__main__":
    sys.exit(main())
