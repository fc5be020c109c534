"""Start our programs from a process that has imported PhotoShare already.

Its import takes two seconds of processor time, and two hundred tests start a server or a command.
Each process of tests has one that waits and forks: what it starts has memory, signals, files and
an end of its own, as a child of the tests. Tests of the start itself, and other systems than Linux,
start everything anew.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MESSAGE_BYTES = 1 << 17  # a command with its environment
ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of Linux's prctl


class WarmProcess(subprocess.Popen[str]):
    """A Python program like ``[sys.executable, *arguments]``, forked from the waiting process."""

    def _execute_child(self, args: list[str], *how: Any) -> None:
        """Ask for a fork instead of making one; parameters as those of Python 3.11 to 3.14."""
        (_, _, _, _, cwd, env, _, _, _, _, _, _, out, _, err, *_) = how
        umask = how[19]
        asked = json.dumps([args[1:], str(cwd or os.getcwd()), dict(env or os.environ), umask])
        with _adopting():
            files = [out if out >= 0 else 1, err if err >= 0 else 2]  # -1: the same as ours
            socket.send_fds(_waiting(), [asked.encode()], files)
            self.pid = int(_waiting().recv(MESSAGE_BYTES))
        self._child_created = True
        for number in (out, err):
            if number >= 0:
                os.close(number)


WARM_POPEN = WarmProcess if sys.platform == "linux" else subprocess.Popen[str]


@functools.cache
def _waiting() -> socket.socket:
    """Start the process that waits for what it should start; it ends with this one."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.warm_start", str(its.fileno())]
    process = subprocess.Popen(
        command, cwd=ROOT, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
    )
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Become the parent of grandchildren that lose theirs."""
    prctl = ctypes.CDLL(None).prctl
    prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(ADOPT_ORPHANS, 0, 0, 0, 0)


def _wait(control: socket.socket) -> None:
    """Fork for every message; return in the process that should run, with its command."""
    while True:
        message, files, *_ = socket.recv_fds(control, MESSAGE_BYTES, 2)
        if not message:
            sys.exit()
        reader, writer = os.pipe()
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child == 0:
                for number in (reader, writer, control.detach()):
                    os.close(number)
                return _become(files, *json.loads(message))
            os.write(writer, str(child).encode())
            os._exit(0)  # its child becomes one of the tests'
        for number in (writer, *files):
            os.close(number)
        os.waitpid(between, 0)
        with open(reader, "rb") as pipe:
            control.send(pipe.read())


def _become(
    files: list[int], arguments: list[str], cwd: str, environ: dict[str, str], umask: int
) -> None:
    """Take the files, folder, environment and arguments of the program."""
    for number, file in enumerate(files, start=1):
        os.dup2(file, number)
        os.close(file)
    if umask >= 0:
        os.umask(umask)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = arguments
    sys.path[:0] = [cwd, *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]


def _run() -> None:
    """Run ``sys.argv`` as Python does: a file, ``-m module`` or ``-c code``."""
    kind = sys.argv[0]
    if kind == "-m":
        name = sys.argv.pop(1)
        sys.argv.pop(0)
        sys.argv.insert(0, name)
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    elif kind == "-c":
        code = sys.argv.pop(1)
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    for module in ("photoshare.server", "flask.cli", "flask_migrate", "tests.fakes"):
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    _wait(socket.socket(fileno=int(sys.argv[1])))
    _run()
