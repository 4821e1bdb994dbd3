"""A real Chroma server that can be killed, and started again on what it left."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

_START_WITHIN = 60.0  # seconds; it takes one on an idle machine


class Server:
    """`chroma run` on a folder, always on one port of loopback."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("chroma", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if found is None:
            pytest.skip("NO CHROMA SERVER: there is no `chroma` executable beside this python or on PATH")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._folder = folder
        self._command = [found, "run", "--path", str(folder / "rows"), "--host", "127.0.0.1", "--port", str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when it answers."""
        with (self._folder / "log").open("ab") as log:
            environment = {**os.environ, "ANONYMIZED_TELEMETRY": "FALSE"}
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=environment)
        end = time.monotonic() + _START_WITHIN
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/api/v2/heartbeat", timeout=5).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        pytest.skip("NO CHROMA SERVER: `chroma run` did not start")

    def kill(self) -> None:
        """Kill it: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Keep a server that runs."""
    made = Server(folder)
    made.start()
    try:
        yield made
    finally:
        made.kill()
