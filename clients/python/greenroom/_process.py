"""The simulator as a process, and the frames that go to it and come back.

A frame is a length (u32), a kind (u8) and a body, all little endian; ``sim/src/env.rs`` says which.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import weakref
from typing import Any, Sequence

import numpy as np

FORMAT = 1
_HEAD = struct.Struct("<IB")
_RESET = struct.Struct("<BQ")
_HELLO, _RECORDS, _ERROR = 1, 2, 3
_ASK_RESET, _ASK_STEP = 1, 2
# A hello has a schema of at most 64 KiB and the fields made from it, an error a sentence.
_TEXT_BYTES_MAX = 16 << 20
# What a pipe takes before whoever writes has to wait: Linux lets everybody have as much.
_PIPE_BYTES = 1 << 20
# For a process that was told to end.
_END_SECS = 5.0


class GreenroomError(RuntimeError):
    """The simulator could not be started, or has ended; what it says about it."""


def find(binary: str | os.PathLike[str] | None) -> str:
    """The simulator's program: as said, by ``GREENROOM_SIM``, or on the path."""
    said = binary or os.environ.get("GREENROOM_SIM") or "greenroom-sim"
    found = shutil.which(said)
    if found is None:
        raise GreenroomError(
            f"there is no program {os.fspath(said)!r}: build it with `cargo build --release -p "
            "greenroom-sim` and say where it is, by binary=... or the variable GREENROOM_SIM"
        )
    return found


class Process:
    """A running simulator. ``hello`` is what it says of the game."""

    def __init__(self, binary: str | os.PathLike[str] | None, args: Sequence[str]) -> None:
        command = [find(binary), "env", *args]
        try:
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        except OSError as error:
            raise GreenroomError(f"{command[0]} cannot be started: {error}") from error
        self._end = weakref.finalize(self, _end, self._child)
        self._widen()
        try:
            self.hello: dict[str, Any] = json.loads(self._text(_HELLO))
        except BaseException:
            self.close()
            raise
        if self.hello.get("format") != FORMAT:
            self.close()
            raise GreenroomError(
                f"the simulator speaks format {self.hello.get('format')}, and this package "
                f"{FORMAT}: take both from one version of Greenroom"
            )

    def reset(self, seed: int | None) -> None:
        """Asks for the next matches, or for the first from a seed."""
        if seed is not None and not 0 <= seed < 1 << 64:
            raise ValueError(f"a seed is 0 to 2**64 - 1: {seed}")
        self._ask(_ASK_RESET, _RESET.pack(seed is not None, seed or 0))

    def step(self, actions: np.ndarray) -> None:
        """Asks for a step; the actions are contiguous 32-bit integers."""
        self._ask(_ASK_STEP, actions.data.cast("B"))

    def records(self, bytes_expected: int) -> np.ndarray:
        """Waits for the records that were asked for."""
        kind, length = self._head()
        if kind == _ERROR:
            raise self._failed(length)
        if kind != _RECORDS or length != bytes_expected:
            raise self._ended("has sent what is no frame of this format")
        buffer = np.empty(length, np.uint8)
        self._fill(buffer.data)
        return buffer

    def close(self) -> None:
        """Ends it. Again does nothing."""
        self._end()

    def _ask(self, kind: int, body: bytes | memoryview) -> None:
        if not self._end.alive:
            raise GreenroomError("this environment is closed")
        assert self._child.stdin is not None
        try:
            self._write(_HEAD.pack(len(body), kind))
            self._write(body)
        except OSError:
            # It is gone; its last frame says why.
            self.records(-1)

    def _write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[self._child.stdin.write(view) :]  # type: ignore[union-attr]

    def _head(self) -> tuple[int, int]:
        head = bytearray(_HEAD.size)
        self._fill(memoryview(head))
        length, kind = _HEAD.unpack(head)
        return kind, length

    def _fill(self, view: memoryview) -> None:
        assert self._child.stdout is not None
        while view:
            count = self._child.stdout.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise self._ended("has ended")
            view = view[count:]

    def _text(self, expected: int) -> bytes:
        kind, length = self._head()
        if kind == _ERROR:
            raise self._failed(length)
        if kind != expected or length > _TEXT_BYTES_MAX:
            raise self._ended("has sent what is no frame of this format")
        text = bytearray(length)
        self._fill(memoryview(text))
        return bytes(text)

    def _failed(self, length: int) -> GreenroomError:
        text = bytearray(min(length, _TEXT_BYTES_MAX))
        self._fill(memoryview(text))
        self.close()
        return GreenroomError(text.decode("utf-8", "replace"))

    def _ended(self, what: str) -> GreenroomError:
        self.close()
        code = self._child.poll()
        return GreenroomError(f"the simulator {what} (exit code {code}); see what it wrote")

    def _widen(self) -> None:
        try:
            import fcntl

            for pipe in (self._child.stdin, self._child.stdout):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)  # type: ignore[arg-type]
        except (ImportError, AttributeError, OSError):
            pass  # Slower, and as good.


def _end(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    try:
        child.wait(_END_SECS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
