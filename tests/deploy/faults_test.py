"""What hostile clients do to a server, directly and through the shipped front: it answers others,
and its memory stays bounded."""
import gzip
import re
import socket
import time
from pathlib import Path

from front import FrontCase
from service import Service

MIB = 1 << 20
POST = b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Hostile:
    """Over connect(): what is sent to the server itself, or to what stands in front of it."""

    def memory(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def answer(self, *pieces):
        """Sends until the server has had enough; what it says, b"" if it just hangs up."""
        with self.connect() as client:
            said = b""
            try:
                for piece in pieces:
                    client.sendall(piece)
                while part := client.recv(65536):
                    said += part
            except OSError:
                pass
            return said

    def refused(self, said, *statuses):
        if said:
            self.assertIn(int(said[9:12]), statuses, said[:200])

    def serves_others(self):
        self.assertEqual(self.get("/healthz").status, 200)

    def test_an_endless_line_costs_nothing(self):
        before = self.memory()
        said = self.answer(b"GET /", *[b"a" * MIB] * 64)
        self.refused(said, 400, 414, 431)
        self.assertLess(self.memory() - before, 16 * MIB)
        self.serves_others()

    def test_a_flood_of_fields_costs_nothing(self):
        before = self.memory()
        flood = b"".join(b"X-%d: y\r\n" % i for i in range(100_000))
        said = self.answer(b"GET / HTTP/1.1\r\nHost: x\r\n", *[flood] * 20)
        self.refused(said, 400, 431)
        self.assertLess(self.memory() - before, 16 * MIB)
        self.serves_others()

    def test_sizes_of_chunks_that_are_none(self):
        for size in (b"-2", b"+1", b"0x1", b"ffffffffffffffff", b"1" * 64, b"", b" 1",
                     b"1;" + b"x" * 9000):
            with self.subTest(size=size[:20]):
                said = self.answer(POST + b"Transfer-Encoding: chunked\r\n\r\n" + size +
                                   b"\r\n{}\r\n0\r\n\r\n")
                self.refused(said, 400, 413, 502)
        self.serves_others()

    def test_two_lengths_and_two_encodings(self):
        for fields in (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                       b"Content-Length: 2\r\nContent-Length: 4\r\n",
                       b"Content-Length: 2, 2\r\n", b"Content-Length: +2\r\n",
                       b"Transfer-Encoding: chunked, chunked\r\n",
                       b"Transfer-Encoding : chunked\r\n",
                       b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n"):
            with self.subTest(fields=fields):
                self.refused(self.answer(POST + fields + b"\r\n{}"), 400, 411, 415, 501)
        self.serves_others()

    def test_a_compressed_body_is_not_opened(self):
        before = self.memory()
        bomb = gzip.compress(b"0" * (64 * MIB))
        said = self.answer(POST + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" %
                           len(bomb), bomb)
        self.refused(said, 400, 415)
        self.assertTrue(said)
        self.assertLess(self.memory() - before, 16 * MIB)
        self.serves_others()

    def test_those_who_drip_are_dropped_and_others_are_served(self):
        before = self.memory()
        crowd = []
        for _ in range(self.crowd):
            client = self.connect()
            self.addCleanup(client.close)
            client.sendall(b"GET / HTTP/1.1\r\nHost")
            crowd.append(client)
        started = time.monotonic()
        self.serves_others()
        self.assertLess(time.monotonic() - started, self.patience)
        for client in crowd:
            client.settimeout(60)
            try:
                while client.recv(65536):
                    pass
            except ConnectionError:
                pass
            client.close()
        self.assertLess(self.memory() - before, 32 * MIB)


class Directly(Hostile, Service):
    crowd = 60  # each thread is held by one for ten seconds: crowds are the front's affair
    patience = 60

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 30)


class ThroughTheFront(Hostile, FrontCase):
    crowd = 30  # nginx lets one address have 32
    patience = 10

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.front_port), 30)
        return self.context().wrap_socket(plain)
