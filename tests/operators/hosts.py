"""A platform on several hosts, as the papers say: two web servers and two workers on one database, behind a proxy that ends TLS."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from tests.house.source import ROOT
from tests.story.sites import Site, free_port
from tests.waiting import PATIENCE, until

PAPERS = ROOT / "docs" / "exploitation"
HOST = "consultation.example.ma"
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"


class Programme:
    """One that an operator starts, in a group of its own; what it says stands in its file."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
        self.command, self.folder, self.environment = command, folder, {**os.environ, **(environment or {})}
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self.folder / "said", "ab") as said:
            self.process = subprocess.Popen(  # noqa: S603 - named by the tests
                self.command, cwd=self.folder, env=self.environment, start_new_session=True, stdout=said, stderr=said)

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, 9)
            self.process.wait(PATIENCE)


class Redis(Programme):
    """Keeps nothing: what it forgets when it is killed must be no loss."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        super().__init__(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], folder)

    def start(self) -> None:
        super().start()
        until(lambda: listens(self.port), "redis-server does not answer")


class Proxy(Programme):
    """nginx or Caddy with the file of the papers; its ports, folders and the web servers' addresses are those of the test."""

    def __init__(self, kind: str, folder: Path, servers: list[Site]) -> None:
        self.kind, self.http, self.https = kind, free_port(), free_port()
        make_certificate(folder)
        first, second = (f"127.0.0.1:{server.port}" for server in servers)
        changes = {"127.0.0.1:8000": first, "127.0.0.1:8001": second, "/etc/ssl/consultation": str(folder), "/etc/consult": str(PAPERS)}
        command = self.of_nginx(folder, changes) if kind == "nginx" else self.of_caddy(folder, changes)
        super().__init__(command, folder, {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)})

    def of_nginx(self, folder: Path, changes: dict[str, str]) -> list[str]:
        ports = {"listen 80": f"listen 127.0.0.1:{self.http}", "listen 443": f"listen 127.0.0.1:{self.https}"}
        (folder / "consult.conf").write_text(changed("nginx.conf", {**changes, **ports, "/var/log/nginx": str(folder)}))
        temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"{'user root;' if os.getuid() == 0 else ''}\npid {folder}/pid;\nerror_log {folder}/errors;\ndaemon off;\nworker_processes 1;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{\n{temporary}include {folder}/consult.conf;\n}}\n")
        programme = shutil.which("nginx") or "/usr/sbin/nginx"
        return [programme, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")]

    def of_caddy(self, folder: Path, changes: dict[str, str]) -> list[str]:
        ours = f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port {self.http}\n\thttps_port {self.https}\n\tservers {{"
        short = {"{\n\tservers {": ours, "read_body 60s": "read_body 20s", "/var/log/caddy": str(folder)}
        (folder / "Caddyfile").write_text(changed("Caddyfile", {**changes, **short}))
        return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]

    def start(self) -> None:
        super().start()
        until(lambda: listens(self.https), f"{self.kind} does not answer: {(self.folder / 'said').read_text()}")


def changed(name: str, changes: dict[str, str]) -> str:
    text = (PAPERS / name).read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} does not speak of {old}"
        text = text.replace(old, new)
    return text


def make_certificate(folder: Path) -> None:
    subprocess.run(  # noqa: S603 - fixed arguments
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",  # noqa: S607
         "-keyout", "privkey.pem", "-out", "fullchain.pem", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"],
        cwd=folder, check=True, capture_output=True)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def web_server(folder: Path, settings: dict[str, str], mail_url: str) -> Site:
    """A host with a data folder of its own, and the folder of exports that all share."""
    folder.mkdir()
    shared = folder.parent / "exports"
    shared.mkdir(exist_ok=True)
    (folder / "exports").symlink_to(shared)
    site = Site(folder, mail_url)
    site.environment |= settings
    return site


class Answer:
    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get_data(self, as_text: bool = False) -> str | bytes:
        return self.body.decode() if as_text else self.body


class Browser:
    """Comes over TLS by the public name, whatever port and certificate the test has; keeps its cookies."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.cookies = port, {}
        self.trusts = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))

    def connect(self, name: str = HOST) -> ssl.SSLSocket:
        return self.trusts.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE), server_hostname=name)

    def ask(self, method: str, path: str, fields: dict[str, str] | bytes | None = None, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.sock = self.connect()
        body = urlencode(fields).encode() if isinstance(fields, dict) else fields
        sent = {"Host": HOST, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Referer": f"https://{HOST}{path}"}
        if fields is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, {**sent, **{name.replace("_", "-"): value for name, value in headers.items()}})
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        for cookie in answer.all("Set-Cookie"):
            name, _sign, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def try_to(self, method: str, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer | None:
        """Nothing where nobody answered, or nobody could."""
        with suppress(OSError, HTTPException):
            answer = self.ask(method, path, fields, **headers)
            return None if answer.status in (502, 503, 504) else answer
        return None

    def sign_in(self, address: str, password: str, **headers: str) -> Answer:
        path = "/en/accounts/login"
        token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask("GET", path).body.decode())[-1]
        return self.ask("POST", path, {"csrf_token": token, "identity": address, "passcode": password, "submit": "1"}, **headers)
