"""Starts the real mayfly-gateway as a run does, with a listener of its own, and reads its record.

The words are those of gateway/control_channel.hpp.
"""
import json
import os
import socket
import subprocess
from pathlib import Path

BIN = Path(os.environ.get("MAYFLY_BIN", "build/dev/bin")).resolve()
SETTINGS, KEY, READY, FAILED, LISTENER, FINISH, RECORD, DONE = range(1, 9)
MESSAGE_MAX = 65 * 1024
TOKEN = "mayfly-run-" + "5" * 64
API_KEY = "sk-secret-0123456789abcdefghijklmnop"

BUDGET = {"calls": 100, "input_tokens": 1_000_000, "output_tokens": 100_000,
          "output_tokens_per_call": 10_000, "total_tokens": 1_000_000, "wall_ms": 600_000,
          "cost": None}


class Refused(Exception):
    """The gateway did not start, and said why."""


class Gateway:
    def __init__(self, url, wires=("anthropic", "openai-chat", "openai-responses"), key=API_KEY,
                 budget=None, models=(), ca_file="", idle_ms_max=20_000):
        settings = {"url": url, "ca_file": str(ca_file), "wires": list(wires), "run_token": TOKEN,
                    "models": list(models), "budget": {**BUDGET, **(budget or {})},
                    "disclosure_key": "sha256:" + "11" * 32, "idle_ms_max": idle_ms_max}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(30)
        self.control = ours
        self.process = self._spawn(theirs)
        theirs.close()
        self._send(SETTINGS, json.dumps(settings).encode())
        self._send(KEY, key.encode())
        word, rest = self._receive()
        if word != READY:
            self.kill()
            raise Refused(rest.decode())
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        socket.send_fds(self.control, [bytes([LISTENER])], [self.listener.fileno()])
        self.listener.close()

    @staticmethod
    def _spawn(theirs):
        # Descriptor 3 is the socket; 4 is where the program lies, and is closed there.
        program = BIN / "mayfly-gateway"

        def place():
            os.dup2(theirs.fileno(), 3)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 4)
            os.set_inheritable(3, True)
        return subprocess.Popen([program], preexec_fn=place, close_fds=False, env={})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _send(self, word, rest=b""):
        self.control.send(bytes([word]) + rest)

    def _receive(self):
        message = self.control.recv(MESSAGE_MAX)
        if not message:
            raise Refused("it ended")
        return message[0], message[1:]

    def finish(self):
        """The records in the order in which the calls began, and which limits were hit.

        They come in the order of their ends, and a reply is with the job before its call has
        ended: a next call that is refused at once can end first.
        """
        self._send(FINISH)
        records = []
        while True:
            word, rest = self._receive()
            if word == RECORD:
                records.append(json.loads(rest))
            elif word == DONE:
                self.limits_hit = rest.decode().split()
                self.control.close()
                assert self.process.wait(10) == 0
                return sorted(records, key=lambda record: record["started_us"])
            else:
                raise Refused(rest.decode())

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.control.close()
