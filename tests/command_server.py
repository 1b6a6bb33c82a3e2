"""Runs the `headrace` command in processes forked from one that has imported it: `python command_server.py SOCKET`.

Starting Python and importing the command takes longer than most commands do. Each still runs in a process of its own,
with the arguments, folder, environment and outputs it is given. Who asks sends them as JSON, with the two outputs, and
is told the exit code; where he goes away, the command is killed.
"""

import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys

import headrace.cli.root  # noqa: F401 - what each command would import

_MOST = 1 << 20
_KILLED = 128


def serve(address: str) -> None:
    """Answers until the standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for the commands
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        sys.stdout.write("\n")
        sys.stdout.flush()
        while sys.stdin not in (ready := select.select([server, sys.stdin], [], [])[0]):
            for one in ready:
                asker, _ = one.accept()
                if os.fork() == 0:
                    server.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    _answer(asker)
                    os._exit(0)
                asker.close()


def _answer(asker: socket.socket) -> None:
    words, outputs, _, _ = socket.recv_fds(asker, _MOST, 2)
    while not words.endswith(b"\n"):
        words += asker.recv(_MOST)
    asked = json.loads(words)
    command = os.fork()
    if command == 0:
        asker.close()
        _become(asked, outputs)
        return
    ended = os.pidfd_open(command)
    if asker in select.select([asker, ended], [], [])[0]:
        signal.pidfd_send_signal(ended, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    asker.sendall(f"{code}\n".encode())


def _become(asked: dict, outputs: list[int]) -> None:
    """Runs the command as `python -m headrace.cli` would, and does not return."""
    code = _KILLED
    try:
        for number, output in enumerate(outputs, start=1):
            os.dup2(output, number)
            os.close(output)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        sys.path[0] = asked["cwd"]
        importlib.invalidate_caches()
        sys.argv = ["headrace", *asked["arguments"]]
        try:
            runpy.run_module("headrace.cli", run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        except BaseException:  # noqa: BLE001 - as the interpreter does
            sys.excepthook(*sys.exc_info())
            code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
