"""Sites for the matrix: every face of every store, and a real Chroma server for its asynchronous client."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import chromadb
import httpx
import pytest
from chromadb.config import Settings
from chromadb.errors import NotFoundError
from qdrant_client import AsyncQdrantClient, QdrantClient

from vecguard import Guard, Policy, Scrub, Vectors

from .case import settled
from .chroma_site import ChromaSite
from .faiss_site import FaissSite
from .layers import Layers
from .qdrant_site import QdrantSite

_NUMBERS = itertools.count()
_START_WITHIN = 60.0  # seconds; it takes one on an idle machine
RANKINGS = {
    "guard": Policy(scrub=Scrub(enabled=False)),
    "store": Policy(scrub=Scrub(enabled=False), vectors=Vectors(ranking="store")),
}


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Chroma server that runs as long as the session."""
    executable = shutil.which("chroma", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if executable is None:
        pytest.skip("NO CHROMA SERVER: there is no `chroma` executable beside this python or on PATH")
    folder, number = tmp_path_factory.mktemp("server"), _free_port()
    command = [executable, "run", "--path", str(folder / "rows"), "--host", "127.0.0.1", "--port", str(number)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "ANONYMIZED_TELEMETRY": "FALSE"})
    try:
        if not _answers(process, number):
            pytest.skip(f"NO CHROMA SERVER: `chroma run` did not start: {(folder / 'log').read_text()[-500:]}")
        yield number
    finally:
        process.terminate()
        process.wait(30)


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


@pytest.fixture(scope="session")
def memory() -> Any:
    """One in-process Chroma client: they all share one store anyway."""
    return chromadb.EphemeralClient()


@pytest.fixture
async def open_site(
    guard_of: Callable[..., Guard], request: pytest.FixtureRequest
) -> AsyncIterator[Callable[..., Any]]:
    """A factory of sites: a new, empty collection of a face, behind a new guard."""
    closing: list[Any] = []

    async def make(face: str, ranking: str) -> Any:
        guard = guard_of(RANKINGS[ranking])
        name = f"matrix-{os.getpid()}-{next(_NUMBERS)}"
        match face:
            case "chroma":
                native: Any = request.getfixturevalue("memory")
                site = await ChromaSite.open(native, guard, name)
                closing.append(lambda: native.delete_collection(name))
                return site
            case "chroma async":
                port = request.getfixturevalue("port")
                quiet = Settings(anonymized_telemetry=False)
                client: Any = await chromadb.AsyncHttpClient(host="127.0.0.1", port=port, settings=quiet)
                closing.append(client._server._cleanup)  # its connections are this event loop's
                return await ChromaSite.open(client, guard, name)
            case "qdrant" | "qdrant async":
                client = (QdrantClient if face == "qdrant" else AsyncQdrantClient)(":memory:")
                closing.append(client.close)
                return await QdrantSite.open(client, guard)
        return await FaissSite.open(face.removeprefix("faiss "), guard)

    yield make
    for close in closing:
        with contextlib.suppress(NotFoundError):
            await settled(close())


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Layers:
    """The switches of the layers; all are on."""
    return Layers(monkeypatch)
