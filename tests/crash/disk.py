"""A disk that fails or forgets, for a process and its children: the library of `shim.c`, made when it is needed."""

from __future__ import annotations

import errno
import mmap
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

_CONTROL = struct.Struct("=iiii512s")
_FAULTS = {"ENOSPC": errno.ENOSPC, "EDQUOT": errno.EDQUOT, "EIO": errno.EIO}
FAULTS = tuple(_FAULTS)


def library(folder: Path) -> Path:
    """Compile the library; skip the test where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("NO C COMPILER: the disk that fails is a C library, made by `cc`")
    made = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


class Disk:
    """What the preloaded library looks at: whether writes fail, which, and how."""

    def __init__(self, folder: Path, made: Path, log_of: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "control"
        self._file.write_bytes(bytes(mmap.PAGESIZE))
        with self._file.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.log = folder / "log"
        self._environment = {"LD_PRELOAD": str(made), "VECGUARD_SHIM": str(self._file)}
        if log_of is not None:
            self._environment |= {"VECGUARD_SHIM_LOG": str(self.log), "VECGUARD_SHIM_FOLDER": str(log_of)}

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process is started with so that its disk is this one."""
        return self._environment

    @property
    def failed(self) -> int:
        """How many calls failed."""
        return int(_CONTROL.unpack_from(self._page)[3])

    @contextmanager
    def failing(self, fault: str, where: str, *, after: int = 0) -> Iterator[Self]:
        """Let every write to a path with `where` in it fail, but for the first `after` of them."""
        _CONTROL.pack_into(self._page, 0, 1, _FAULTS[fault], after, 0, where.encode())
        try:
            yield self
        finally:
            struct.pack_into("=i", self._page, 0, 0)
