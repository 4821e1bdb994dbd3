"""A real Chroma server on loopback, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

_START_WITHIN = 60.0  # seconds; it takes one on an idle machine


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that runs as long as the session."""
    executable = shutil.which("chroma", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if executable is None:
        pytest.skip("NO CHROMA SERVER: there is no `chroma` executable beside this python or on PATH")
    folder, number = tmp_path_factory.mktemp("server"), _free_port()
    command = [executable, "run", "--path", str(folder / "rows"), "--host", "127.0.0.1", "--port", str(number)]
    environment = {**os.environ, "ANONYMIZED_TELEMETRY": "FALSE"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        if not _answers(process, number):
            pytest.skip(f"NO CHROMA SERVER: `chroma run` did not start: {(folder / 'log').read_text()[-500:]}")
        yield number
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], number: int) -> bool:
    end = time.monotonic() + _START_WITHIN
    while process.poll() is None and time.monotonic() < end:
        try:
            return httpx.get(f"http://127.0.0.1:{number}/api/v2/heartbeat", timeout=5).is_success
        except httpx.TransportError:
            time.sleep(0.1)
    return False
