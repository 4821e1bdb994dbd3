"""A real Chromium without a window, that reaches nothing but this process, and tells everything that it asks for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest

SITE = "http://page.test"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
# What the browser itself asks for now and then, whatever page is open; answered with an error here
_OWN = tuple(
    f"{name}.{site}"
    for site, names in {
        "google.com": ("accounts", "clients2", "android.clients", "mtalk", "safebrowsing"),
        "googleapis.com": ("update", "optimizationguide-pa", "content-autofill", "safebrowsing", "chromekanonymity-pa"),
    }.items()
    for name in names
)
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=60000",
)
_PROBE = """<!doctype html><meta charset="utf-8"><body><script>
const visit = (path, width, probe) => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 800; frame.src = path;
  frame.onload = () => { let said;
    try { said = probe(frame.contentDocument, frame.contentWindow); } catch (failure) { said = String(failure); }
    frame.remove(); done(said); };
  document.body.append(frame); });
(async () => { const said = [];
  for (const [path, width, probe] of [%s]) said.push(await visit(path, width, probe));
  const out = document.createElement("pre"); out.id = "said"; out.textContent = JSON.stringify(said);
  document.body.append(out); })();
</script>"""


Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Probe:
    """A script that looks at a page from outside (`page` its document, `view` its window) in so many pixels."""

    script: str
    width: int = 1200


@dataclass
class Seen:
    """What came of one visit: the document as it stood at the end, what the console said, what was asked for."""

    dom: str
    console: list[str]
    asked: list[str]


@dataclass
class Browser:
    """Opens pages. Every request, whatever its host, comes to a server in this process."""

    program: str
    folder: Path
    pages: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def visit(self, page: str, *, dark: bool = False) -> Seen:
        """Open a page by itself."""
        self.pages["/page"] = page
        return self._open("/page", dark=dark)

    def probe(self, pages: Mapping[str, str], probes: Mapping[str, Probe], *, dark: bool = False) -> dict[Key, Any]:
        """Open each page in a frame for each probe, all in one visit; return what came of it by page and probe."""
        paths = {name: f"/page/{i}" for i, name in enumerate(pages)}
        keys = [(page, probe) for page in pages for probe in probes]
        visits = ",\n".join(
            f"[{json.dumps(paths[page])}, {probes[probe].width}, (page, view) => {{ {probes[probe].script} }}]"
            for page, probe in keys
        )
        self.pages |= {paths[name]: content for name, content in pages.items()} | {"/probe": _PROBE % visits}
        found = re.search(r'<pre id="said">(.*?)</pre>', self._open("/probe", dark=dark).dom, re.DOTALL)
        assert found, "the probes said nothing"
        return dict(zip(keys, json.loads(unescape(found[1])), strict=True))

    def _open(self, path: str, *, dark: bool) -> Seen:
        self.asked.clear()
        ended = subprocess.run(
            [
                self.program,
                *_QUIET,
                f"--proxy-server=http://127.0.0.1:{self.port}",
                "--proxy-bypass-list=<-loopback>",
                f"--user-data-dir={self.folder / 'profile'}",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                "--dump-dom",
                SITE + path,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        console = [line for line in ended.stderr.splitlines() if ":CONSOLE" in line]
        return Seen(ended.stdout, console, [each for each in self.asked if _host(each) not in _OWN])


def _host(asked: str) -> str:
    """Return the host of an address, or of a tunnel to one ("host:443")."""
    return (urlsplit(asked).hostname if "//" in asked else asked.partition(":")[0]) or ""


@contextmanager
def opened(folder: Path) -> Iterator[Browser]:
    """Find a browser and serve for it, or skip loudly."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(_NAMES)} is installed")
    browser = Browser(program, folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(browser.pages, browser.asked))
    browser.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield browser
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(pages: Mapping[str, str], asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = pages.get(self.path.removeprefix(SITE), "").encode()
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(403)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            return

    return Handler
