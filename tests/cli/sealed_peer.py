"""A sealed upload as docs/reference/sealed-upload.md describes it, by the standard library alone:
another implementation of RFC 7748, RFC 9180 (export-only), RFC 8439 and libsodium's
secretstream."""
import hashlib
import hmac
import secrets
import struct

MESSAGE, PUSH, FINAL = 0, 1, 3
P = 2**255 - 19
MASK = 0xFFFFFFFF


def x25519(scalar, point):
    k = bytearray(scalar)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    k = int.from_bytes(k, "little")
    x1 = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a % P, c * b % P
        x3, z3 = pow(da + cb, 2, P), x1 * pow(da - cb, 2, P) % P
        aa, bb = a * a % P, b * b % P
        e = aa - bb
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


class Exporter:
    """HPKE, SetupBaseS with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and no cipher."""

    SUITE = b"HPKE\x00\x20\x00\x01\xff\xff"

    def __init__(self, recipient, info):
        own = secrets.token_bytes(32)
        self.enc = x25519(own, (9).to_bytes(32, "little"))
        kem = b"KEM\x00\x20"
        eae = self.extract(kem, b"", b"eae_prk", x25519(own, recipient))
        shared = self.expand(kem, eae, b"shared_secret", self.enc + recipient)
        context = (b"\0" + self.extract(self.SUITE, b"", b"psk_id_hash", b"")
                   + self.extract(self.SUITE, b"", b"info_hash", info))
        secret = self.extract(self.SUITE, shared, b"secret", b"")
        self.secret = self.expand(self.SUITE, secret, b"exp", context)

    @staticmethod
    def extract(suite, salt, label, value):
        return mac(salt, b"HPKE-v1", suite, label, value)

    @staticmethod
    def expand(suite, key, label, info):
        return mac(key, b"\x00\x20HPKE-v1", suite, label, info, b"\x01")

    def export(self, context):
        return self.expand(self.SUITE, self.secret, b"sec", context)


def rounds(state):
    x = list(state)

    def quarter(a, b, c, d):
        for first, other, turn in ((a, d, 16), (c, b, 12), (a, d, 8), (c, b, 7)):
            # a += b; d ^= a; d <<<= 16; c += d; b ^= c; b <<<= 12; ... (RFC 8439, section 2.1)
            x[first] = x[first] + x[b if first == a else d] & MASK
            y = x[other] ^ x[first]
            x[other] = (y << turn | y >> 32 - turn) & MASK

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return x


SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def chacha20(key, nonce, counter, data):
    out = bytearray()
    for at in range(0, len(data), 64):
        state = (SIGMA + struct.unpack("<8I", key) + (counter + at // 64,)
                 + struct.unpack("<3I", nonce))
        block = struct.pack("<16I", *((a + b) & MASK for a, b in zip(rounds(state), state)))
        out += bytes(a ^ b for a, b in zip(data[at:at + 64], block))
    return bytes(out)


def hchacha20(key, nonce):
    x = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce))
    return struct.pack("<8I", *x[:4], *x[12:])


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


class Stream:
    """crypto_secretstream_xchacha20poly1305, without additional data."""

    def __init__(self, key, header):
        self.key = hchacha20(key, header[:16])
        self.counter, self.nonce = 1, header[16:24]

    def tag_of(self, number, sealed):
        """The authenticator of a piece, after which the stream has gone on to the next one."""
        nonce = struct.pack("<I", self.counter) + self.nonce
        number = chacha20(self.key, nonce, 1, bytes([number]) + bytes(63))
        data = number + sealed + bytes(len(sealed) % 16) + struct.pack("<QQ", 0, 64 + len(sealed))
        tag = poly1305(chacha20(self.key, nonce, 0, bytes(32)), data)
        self.nonce = bytes(a ^ b for a, b in zip(self.nonce, tag))
        self.counter += 1
        return number[:1], tag

    def seal(self, piece, number):
        nonce = struct.pack("<I", self.counter) + self.nonce
        sealed = chacha20(self.key, nonce, 2, piece)
        first, tag = self.tag_of(number, sealed)
        return struct.pack("<I", len(piece) + 17) + first + sealed + tag

    def open(self, sealed):
        nonce = struct.pack("<I", self.counter) + self.nonce
        number = chacha20(self.key, nonce, 1, sealed[:1])[0]
        piece = chacha20(self.key, nonce, 2, sealed[1:-16])
        _, tag = self.tag_of(number, sealed[1:-16])
        if tag != sealed[-16:]:
            raise ValueError("not the next piece")
        return piece, number


def seal(manifest, upload_key, request, dataset):
    """The envelope, and what opens its answer."""
    session = hashlib.sha256(manifest).digest()
    exporter = Exporter(upload_key, b"mayfly/sealed-upload/v1\n" + session)
    header = secrets.token_bytes(24)
    stream = Stream(exporter.export(b"request"), header)
    body = b"MAYFLYE1" + session + exporter.enc + header
    body += stream.seal(request, FINAL if dataset is None else PUSH)
    if dataset is not None:
        body += b"".join(stream.seal(dataset[at:at + 1000], MESSAGE)
                         for at in range(0, len(dataset), 1000))
        body += stream.seal(b"", FINAL)
    return body, exporter.export(b"reply")


def open_reply(key, sealed):
    stream, at, out, number = Stream(key, sealed[:24]), 24, b"", None
    while at < len(sealed):
        size = struct.unpack_from("<I", sealed, at)[0]
        piece, number = stream.open(sealed[at + 4:at + 4 + size])
        out, at = out + piece, at + 4 + size
    if number != FINAL:
        raise ValueError("cut off")
    return out
