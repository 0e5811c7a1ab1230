"""A second verifier of certificates, small and slow, written from docs/certificate-format.md and
docs/transparency-log.md alone. Standard library only.

It exists to disagree: second_verifier_test.py runs it beside verify-cert over every case folder.
Of evidence it knows simulated quotes; the report says of any other that it is not genuine, because
no other root is built in here. Of time-stamping authorities it knows those with a P-256 key whose
root signs by Ed25519.
"""
import base64
import calendar
import hashlib
import json
import re
import time
from fractions import Fraction

STATEMENT_TYPE, PREDICATE_TYPE = "https://in-toto.io/Statement/v1", "urn:mayfly:execution:v1"
PAYLOAD_TYPE = b"application/vnd.in-toto+json"
# Of the root certificate under which simulated quotes are made. It proves nothing.
SIMULATED_ROOT = "b44ca1da11e660b0113010329300bbb8aea524dc88580cd5602f37fe0b9ad2d0"


class Malformed(Exception):
    """Not canonical."""


class Broken(Exception):
    """Canonical, and not a certificate."""


# ---- canonical JSON ------------------------------------------------------------------------------
def es6(number):
    """A double in the one form of RFC 8785."""
    if number == 0:
        return "0"
    digits, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        text = digits + "0" * (point - count)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        power = point - 1
        text = digits[0] + ("." + digits[1:] if count > 1 else "") + "e" + \
            ("+" if power > 0 else "-") + str(abs(power))
    return ("-" if number < 0 else "") + text


def quoted(text):
    if any(0xD800 <= ord(c) <= 0xDFFF or c == "\0" for c in text):
        raise Malformed("a character that no text may have")
    return json.dumps(text, ensure_ascii=False)


def canonical(value):
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (int, float)):
        return es6(float(value))
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(quoted(n) + ":" + canonical(value[n]) for n in names) + "}"


def no_duplicates(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Malformed("a member twice")
    return dict(pairs)


def read(data):
    if len(data) > 16 * 1024 * 1024:
        raise Malformed("too large")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=no_duplicates)
        same = isinstance(value, dict) and canonical(value).encode() == data
    except (ValueError, RecursionError, OverflowError) as error:
        raise Malformed(str(error)) from error
    if not same:
        raise Malformed("another spelling")
    return value


def digest(value):
    """SHA-256 of an object's canonical bytes: the slice, since the file is canonical."""
    return hashlib.sha256(canonical(value).encode()).digest()


def tagged(raw):
    return "sha256:" + raw.hex()


# ---- the members, as the document lists them -----------------------------------------------------
HASH, KEYED = r"sha256:[0-9a-f]{64}", r"hmac-sha256:[0-9a-f]{64}"
WORD, TEXT, NAME = r"[a-z0-9_.+:-]{1,64}", r"[\s\S]*", r"[\s\S]+"
B64 = r"[A-Za-z0-9_-]*"


class Optional:
    def __init__(self, form):
        self.form = form


class Each:  # a list
    def __init__(self, form, most=10000):
        self.form, self.most = form, most


class Named:  # an object with any names
    def __init__(self, form):
        self.form = form


class Either:
    def __init__(self, *forms):
        self.forms = forms


ANY = object()
LIMITS = dict.fromkeys(("wall_ms", "cpu_ms", "memory_bytes", "pids", "open_files", "disk_bytes",
                        "disk_inodes", "output_bytes"), int)
FILE = {"name": NAME, "digest": HASH, "size": int}
LLM = dict.fromkeys(("calls", "input_tokens", "output_tokens", "output_tokens_per_call",
                     "total_tokens", "wall_ms", "cost_microusd",
                     "input_microusd_per_million_tokens",
                     "output_microusd_per_million_tokens"), int) | {"endpoint": NAME}
SANDBOX = {
    "schema": "mayfly/sandbox/v1", "command": Each(TEXT),
    "environment": Each(r"[^=][\s\S]*=[\s\S]*"), "image": NAME, "policy": WORD,
    "policy_hash": HASH, "llm": Optional(LLM),
    "prompt_hash": Optional(HASH), "scripts": Each(FILE), "tools": Each(NAME),
    "stages": Each({"name": WORD, "command": Each(TEXT), "dataset": "none|read", "limits": LIMITS})}
EXECUTION = {
    "tool_uses": Optional(Each({"tool": NAME, "digest": HASH, "args_hash": KEYED, "exit_code": int,
                                "count": int, "script": Optional(NAME)})),
    "llm_calls": Optional(Each({"model": NAME, "prompt_hash": HASH, "tokens_used": int,
                                "count": int})),
    "file_ops": Optional(Each({"op": "read|write|create|remove|denied", "path_hash": KEYED,
                               "count": int})),
    "network_calls": Optional(Each({"destination": NAME, "verdict": "denied|allowed",
                                    "count": int}))}
RESULT = {
    "digest": HASH, "size": int, "exit_code": int, "stage": Optional(WORD), "truncated": bool,
    "media_type": r"application/json|text/plain; charset=utf-8|application/octet-stream",
    "status": "succeeded|failed|signalled|timed_out|denied|not_started|limit_[a-z][a-z0-9_]*",
    "value": Optional(ANY)}
INPUT = {
    "dataset_hash": f"{HASH}|{KEYED}|none", "dataset_format": WORD, "dataset_bytes": int,
    "sandbox_hash": HASH, "limits": LIMITS, "models": Each(NAME),
    "determinism": "deterministic|seeded|external",
    "withhold": Optional(Each("executions|files|llm|network|result"))}
CLAIM = INPUT | {
    "schema": "mayfly/claim/v1", "input_hash": HASH, "sandbox": SANDBOX, "result": RESULT,
    "execution": EXECUTION, "files_used": {"root": HASH, "count": int},
    "assertions": Each({"name": NAME, "op": "==|!=|<|<=|>|>=", "value": r"-?[0-9]+(\.[0-9]+)?",
                        "verdict": "true|false|unknown"})}
ATTEMPT = {
    "log": r"[^+]+\+[\s\S]+", "number": int, "dataset_total": int, "same_input": int, "open": int,
    "log_size": int, "log_root": HASH,
    "study": Optional({"entry": HASH, "planned": int, "started": int, "finished": int,
                       "closed": bool})}
RUN = {
    "schema": "mayfly/run/v1", "run_id": "run_[0-9a-f]{32}",
    "attempt": Either("uncounted", ATTEMPT), "nonce": "([0-9a-f]{2}){0,64}",
    "lifecycle": dict.fromkeys(("dataset_loaded", "execution_started", "execution_completed",
                                "dataset_deleted", "sandbox_destroyed"), int),
    "wipe": {"method": WORD, "bytes": int, "scanned": Each(NAME), "residue": int},
    "usage": dict.fromkeys(("cpu_ms", "wall_ms", "peak_memory_bytes", "processes", "stdout_bytes",
                            "stderr_bytes"), int),
    "output_truncated": bool, "confinement": Named(TEXT), "host": Named(TEXT),
    "trace": {"root": HASH, "size": int, "coverage": Named("complete|not-recorded|blocked"),
              "kinds": Optional(Named(int))},
    "backend": WORD, "assurance": WORD, "signer": "[0-9a-f]{64}", "tee": WORD,
    "signer_p256": Optional("[0-9a-f]{128}"),
    "software": {"version": NAME, "mayfly": HASH, "runner": HASH}, "time_source": WORD}
LOGGED = {"entry": B64, "proof": r"c2sp\.org/tlog-proof@v1\n[\s\S]*", "consistency": Each(HASH)}
PROOF = {
    "signatures": Each(Either(
        {"algorithm": "ed25519", "public_key": "[0-9a-f]{64}", "signature": "[A-Za-z0-9_-]{86}"},
        {"algorithm": "ecdsa-p256-sha256", "public_key": "[0-9a-f]{128}",
         "signature": "[A-Za-z0-9_-]{11,96}"})),
    "tee_attestation": {"kind": WORD, "format": WORD}, "tee_quote": B64,
    "intent_log": Optional(LOGGED), "log": Optional(LOGGED), "timestamp": int,
    "timestamps": Optional(Each(B64)),
    "disclosure": Optional({
        "result": Optional({"bytes": B64, "salt": "[0-9a-f]{64}"}),
        "trace": Optional({"events": Each({"event": ANY, "index": int, "salt": "[0-9a-f]{32}"}),
                           "withheld": Each(HASH, 65536)})}),
    "collateral": Optional({"format": WORD, "parts": Each({"name": WORD, "bytes": B64})})}
CERTIFICATE = {
    "certificate_id": "cert_[0-9a-f]{64}", "claim_hash": HASH, "schema": "mayfly/certificate/v1",
    "proof": PROOF,
    "statement": {"_type": re.escape(STATEMENT_TYPE), "predicateType": re.escape(PREDICATE_TYPE),
                  "predicate": {"claim": CLAIM, "run": RUN}, "subject": ANY}}


def check(value, form, where):
    if form is ANY:
        return
    if isinstance(form, dict):
        check_members(value, form, where)
    elif isinstance(form, Each):
        good = isinstance(value, list) and len(value) <= form.most
        for i, item in enumerate(value if good else ()):
            check(item, form.form, f"{where}[{i}]")
        if not good:
            raise Broken(where)
    elif isinstance(form, Named):
        if not isinstance(value, dict) or len(value) > 64:
            raise Broken(where)
        for name, item in value.items():
            if not re.fullmatch("[a-z][a-z0-9_]{0,63}", name):
                raise Broken(where)
            check(item, form.form, f"{where}.{name}")
    elif isinstance(form, Either):
        for each in form.forms:
            try:
                return check(value, each, where)
            except Broken:
                pass
        raise Broken(where)
    elif isinstance(form, str):
        if not isinstance(value, str) or not re.fullmatch(form, value):
            raise Broken(where)
    elif type(value) is not form:
        raise Broken(where)


def check_members(value, form, where):
    if not isinstance(value, dict) or set(value) - set(form):
        raise Broken(where)
    for name, inner in form.items():
        if isinstance(inner, Optional):
            if name in value:
                check(value[name], inner.form, f"{where}.{name}")
        elif name not in value:
            raise Broken(f"{where}.{name}")
        else:
            check(value[name], inner, f"{where}.{name}")


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- signatures ----------------------------------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def edwards_add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e = (y1 - x1) * (y2 - x2) % P
    f = (y1 + x1) * (y2 + x2) % P
    g = 2 * t1 * t2 * D % P
    h = 2 * z1 * z2 % P
    e, g, h, i = f - e, h - g, h + g, f + e
    return e * g % P, h * i % P, g * h % P, e * i % P


def edwards_times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = edwards_add(result, point)
        point = edwards_add(point, point)
        scalar >>= 1
    return result


def edwards_point(data):
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and data[31] >> 7):
        return None
    if x & 1 != data[31] >> 7:
        x = P - x
    return x, y, 1, x * y % P


def ed25519(key, message, signature):
    a, r = edwards_point(key), edwards_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    for point in (a, r):  # of small order
        x, y, z, _ = edwards_times(8, point)
        if x == 0 and y == z:
            return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    base = edwards_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    left = edwards_times(s, base)
    right = edwards_add(r, edwards_times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and \
        (left[1] * right[2] - right[1] * left[2]) % P == 0


Q = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def p256_add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % Q == 0:
        return None
    slope = ((3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, Q) if a == b
             else (b[1] - a[1]) * pow(b[0] - a[0], -1, Q)) % Q
    x = (slope * slope - a[0] - b[0]) % Q
    return x, (slope * (a[0] - x) - a[1]) % Q


def p256_times(scalar, point):
    result = None
    while scalar:
        if scalar & 1:
            result = p256_add(result, point)
        point = p256_add(point, point)
        scalar >>= 1
    return result


def p256(key, message, r, s):
    """`key`: 64 bytes, x and y."""
    point = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
    on_curve = (point[1]**2 - point[0]**3 + 3 * point[0] - B) % Q == 0 and max(point) < Q
    if not on_curve or not (0 < r < N and 0 < s < N):
        return False
    e = int.from_bytes(hashlib.sha256(message).digest(), "big")
    w = pow(s, -1, N)
    sum_ = p256_add(p256_times(e * w % N, G), p256_times(r * w % N, point))
    return sum_ is not None and sum_[0] % N == r


def p256_raw(key, message, signature):
    return p256(key, message, int.from_bytes(signature[:32], "big"),
                int.from_bytes(signature[32:], "big"))


# ---- the simulated quote -------------------------------------------------------------------------
def der(data):
    """[(tag, content, whole)]"""
    items, at = [], 0
    while at < len(data):
        start, tag, size = at, data[at], data[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at:at + count], "big")
            at += count
        if at + size > len(data):
            raise ValueError("truncated")
        items.append((tag, data[at:at + size], data[start:at + size]))
        at += size
    return items


def x509(data):
    """(signed bytes, (r, s), key, (not before, not after) as text)"""
    ((_, body, _),) = der(data)
    signed, _, signature = der(body)
    fields = der(signed[1])
    r, s = (int.from_bytes(item[1], "big") for item in der(der(signature[1][1:])[0][1]))
    times = tuple(item[1].decode() for item in der(fields[4][1]))
    return signed[2], (r, s), der(fields[6][1])[1][1][2:], times


def take(data, at, size):
    if at + size > len(data):
        raise ValueError("truncated")
    return data[at:at + size]


def certification(data, kind):
    """What a certification block of this kind holds, and what follows it."""
    size = int.from_bytes(take(data, 2, 4), "little")
    if int.from_bytes(data[:2], "little") != kind:
        raise ValueError("another kind")
    return take(data, 6, size), data[6 + size:]


def der_time(text):
    return ("20" if len(text) == 13 else "") + text


def check_quote(quote, at):
    """(failing codes, body or None)"""
    try:
        body, signed = take(quote, 48, 584), take(quote, 0, 632)
        signature = take(quote, 636, int.from_bytes(take(quote, 632, 4), "little"))
        trailing = quote[636 + len(signature):]
        outer, rest = certification(signature[128:], 6)
        report, report_signature = take(outer, 0, 384), take(outer, 384, 64)
        auth = take(outer, 450, int.from_bytes(take(outer, 448, 2), "little"))
        pem, more = certification(outer[450 + len(auth):], 5)
        blocks = re.findall(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem,
                            re.S)
        chain = [base64.b64decode(b"".join(block.split())) for block in blocks]
        leaf, authority, root = map(x509, chain)
        key = signature[64:128]
        genuine = (
            not rest and not more and hashlib.sha256(chain[2]).hexdigest() == SIMULATED_ROOT
            and p256(root[2], authority[0], *authority[1])
            and p256(authority[2], leaf[0], *leaf[1])
            and p256_raw(leaf[2], report, report_signature)
            and report[320:352] == hashlib.sha256(key + auth).digest()
            and p256_raw(key, signed, signature[:64]))
    except (ValueError, IndexError):
        return ["quote-malformed"], None
    if not genuine:
        return ["quote-not-genuine"], None
    if not all(der_time(one[3][0]) <= at <= der_time(one[3][1]) for one in (leaf, authority, root)):
        return [], None  # not valid at this time: unknown, not wrong
    return ["quote-simulated"] + (["quote-malformed"] if trailing else []), body


def check_evidence(statement, run, proof, at, intent_leaf):
    """(failing codes, whether the quote was judged)"""
    if proof["tee_attestation"]["format"] not in ("tdx-quote-v4", "tdx-quote-v5"):
        return [], False
    quote = unbase64(proof["tee_quote"])
    if not quote:
        return [], False
    failing, body = check_quote(quote, at)
    nonce = bytes.fromhex(run["nonce"])
    expected = hashlib.sha256(statement).digest() + hashlib.sha256(
        b"mayfly/rd/cert/v1\n" + bytes.fromhex(run["signer"]) + intent_leaf
        + bytes([len(nonce)]) + nonce).digest()
    if body is None:
        return failing, False
    if run["tee"] != "simulated-tdx":
        failing.insert(1, "quote-kind-differs")
    if body[520:584] != expected:
        failing.append("report-data-differs")
    return failing, True


# ---- the log -------------------------------------------------------------------------------------
def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_from(index, size, leaf, path):
    """RFC 6962, 2.1.1: the root that an inclusion proof leads to, or None."""
    last, value = size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            value = node(sibling, value)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            value = node(value, sibling)
        index, last = index >> 1, last >> 1
    return value if last == 0 else None


def is_consistent(size1, size2, root1, root2, path):
    """RFC 6962, 2.1.2."""
    if not 0 < size1 <= size2:
        return False
    if size1 == size2:
        return not path and root1 == root2
    if size1 & (size1 - 1) == 0:
        path = [root1, *path]
    if not path:
        return False
    first, second = size1 - 1, size2 - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    one = two = path[0]
    for sibling in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            one, two = node(sibling, one), node(sibling, two)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            two = node(two, sibling)
        first, second = first >> 1, second >> 1
    return second == 0 and one == root1 and two == root2


class Key:
    """A verifier key: <name>+<id>+<key>."""
    def __init__(self, text):
        self.name, identity, rest = text.split("+", 2)
        raw = base64.b64decode(rest, validate=True)
        self.kind, self.key = raw[0], raw[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.id.hex() != identity or len(self.key) != 32:
            raise ValueError("not a key")

    def signature_in(self, note):
        for name, raw in note.signatures:
            if name == self.name and raw[:4] == self.id:
                return raw[4:]
        return None

    def signed(self, note):
        raw = self.signature_in(note)
        if raw is None:
            return False
        if self.kind == 1:
            return len(raw) == 64 and ed25519(self.key, note.text, raw)
        time = int.from_bytes(raw[:8], "big")
        message = b"cosignature/v1\ntime %d\n" % time + note.text
        return len(raw) == 72 and ed25519(self.key, message, raw[8:])


class Note:
    def __init__(self, text):
        body, _, signatures = text.rpartition("\n\n")
        self.text = (body + "\n").encode()
        self.signatures = []
        for line in signatures.rstrip("\n").split("\n"):
            dash, name, raw = line.split(" ")
            if dash != "\u2014":
                raise ValueError("not a signature line")
            self.signatures.append((name, base64.b64decode(raw, validate=True)))
        self.origin, size, root = self.text.decode().split("\n")[:3]
        self.size, self.root = int(size), base64.b64decode(root, validate=True)


class Logged:
    def __init__(self, member):
        self.entry = unbase64(member["entry"])
        self.leaf = leaf_hash(self.entry)
        self.kind, *lines = self.entry.decode().rstrip("\n").split("\n")
        self.fields = dict(line.split(" ", 1) for line in lines)
        head, _, note = member["proof"].partition("\n\n")
        lines = head.split("\n")
        self.index = int(lines[1].removeprefix("index "))
        self.path = [base64.b64decode(line, validate=True) for line in lines[2:]]
        self.note = Note(note)
        self.consistency = [bytes.fromhex(each[7:]) for each in member["consistency"]]

    def is_included(self):
        return self.index < self.note.size and \
            root_from(self.index, self.note.size, self.leaf, self.path) == self.note.root


def entries_are_of(intent, result, claim, run, statement, claim_slice):
    study = run["attempt"].get("study")
    return (
        intent.kind == "mayfly/log/intent/v1" and result.kind == "mayfly/log/result/v1"
        and intent.fields["run"] == run["run_id"] == result.fields["run"]
        and intent.fields["dataset"] == claim["dataset_hash"]
        and intent.fields["input"] == claim["input_hash"]
        and intent.fields["signer"] == run["signer"]
        and intent.fields.get("study") == (study["entry"] if study else None)
        and result.fields["intent"] == tagged(intent.leaf)
        and result.fields["statement"] == tagged(hashlib.sha256(statement).digest())
        and result.fields["claim"] == tagged(hashlib.sha256(claim_slice).digest()))


def numbers_are_possible(attempt):
    study = attempt.get("study")
    return (1 <= attempt["number"] <= attempt["dataset_total"] <= attempt["log_size"]
            and 1 <= attempt["same_input"] <= attempt["dataset_total"]
            and 0 <= attempt["open"] < attempt["dataset_total"]
            and (study is None or (study["planned"] >= 1 and study["started"] >= 1
                                   and study["finished"] < study["started"])))


def check_log(claim, run, proof, statement, claim_slice, policy):
    """Failing codes of the stages log, witnesses and attempts."""
    attempt = run["attempt"]
    if attempt == "uncounted":
        extra = "intent_log" in proof or "log" in proof
        return ["log-unexpected"] if extra else (["log-required"] if policy else [])
    if "intent_log" not in proof or "log" not in proof:
        return []
    try:
        key = Key(attempt["log"])
        intent, result = Logged(proof["intent_log"]), Logged(proof["log"])
    except (ValueError, IndexError, KeyError):
        return ["log-malformed"]
    if not entries_are_of(intent, result, claim, run, statement, claim_slice):
        return ["log-entry-differs"]
    if not all(each.note.origin == key.name and key.signed(each.note) for each in (intent, result)):
        return ["log-signature-wrong"]
    if not (intent.is_included() and result.is_included()):
        return ["log-not-included"]
    counted = attempt["log_size"]
    if not (int(intent.fields["log-size"]) <= intent.index and intent.note.size <= counted
            and counted <= result.index):
        return ["log-disordered"]
    last = result.note
    if not (is_consistent(intent.note.size, last.size, intent.note.root, last.root,
                          intent.consistency)
            and is_consistent(counted, last.size, bytes.fromhex(attempt["log_root"][7:]),
                              last.root, result.consistency)):
        return ["log-inconsistent"]
    failing = check_policy_file(policy, key, last) if policy else []
    return failing + ([] if numbers_are_possible(attempt) else ["attempts-impossible"])


def check_policy_file(policy, key, note):
    logs, witnesses, groups, quorum = [], {}, {}, None
    for line in policy.splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "log":
            logs.append(words[1])
        elif words[0] == "witness":
            witnesses[words[1]] = Key(words[2])
        elif words[0] == "group":
            groups[words[1]] = (words[2], words[3:])
        elif words[0] == "quorum":
            quorum = words[1]
    failing = []
    if not any(Key(each).id == key.id and Key(each).name == key.name for each in logs):
        failing.append("log-not-trusted")
    met = set()
    for name, witness in witnesses.items():
        if witness.signature_in(note) is not None:
            if not witness.signed(note):
                return failing + ["witness-signature-wrong"]
            met.add(name)

    def holds(name):
        if name not in groups:
            return name in met
        needed, members = groups[name]
        count = {"any": 1, "all": len(members)}.get(needed) or int(needed)
        return sum(map(holds, members)) >= count
    if quorum not in (None, "none") and not holds(quorum):
        failing.append("witnesses-too-few")
    return failing


# ---- time stamps ---------------------------------------------------------------------------------
TST_INFO, SIGNED_DATA = "2a864886f70d0109100104", "2a864886f70d010702"
SHA256_OID, TIME_STAMPING, ED25519_OID = "608648016503040201", "2b06010505070308", "2b6570"
EKU_OID, CONTENT_TYPE, MESSAGE_DIGEST = "551d25", "2a864886f70d010903", "2a864886f70d010904"
SIGNING_CERTIFICATE_V2 = "2a864886f70d010910022f"
SKEW_MS = 5 * 60 * 1000


def unix_ms(text):
    return calendar.timegm(time.strptime(der_time(text)[:14], "%Y%m%d%H%M%S")) * 1000


class Authority:
    """A certificate: an authority's, or of a root."""
    def __init__(self, data):
        ((_, body, _),) = der(data)
        signed, _, signature = der(body)
        version, serial, _, issuer, validity, subject, key, *more = der(signed[1])
        if version[0] != 0xA0:
            raise ValueError("not version 3")
        self.whole, self.signed, self.signature = data, signed[2], signature[1][1:]
        self.serial, self.issuer, self.subject = serial[1], issuer[2], subject[2]
        algorithm, bits = der(key[1])
        self.algorithm, self.key = der(algorithm[1])[0][1].hex(), bits[1][1:]
        self.begins, self.ends = (unix_ms(item[1].decode()) for item in der(validity[1]))
        extensions = [der(each[1]) for each in der(der(more[-1][1])[0][1])]
        self.stamps_alone = any(
            each[0][1].hex() == EKU_OID and len(each) == 3
            and [use[1].hex() for use in der(der(each[-1][1])[0][1])] == [TIME_STAMPING]
            for each in extensions)

    def is_good_at(self, at, roots):
        return self.stamps_alone and any(
            root.subject == self.issuer and root.algorithm == ED25519_OID
            and all(one.begins <= at <= one.ends for one in (self, root))
            and ed25519(root.key, self.signed, self.signature) for root in roots)


class Token:
    def __init__(self, data):
        ((_, outer, whole),) = der(data)
        kind, content = der(outer)
        if kind[1].hex() != SIGNED_DATA or whole != data:
            raise ValueError("not signed data")
        fields = der(der(content[1])[0][1])
        (info_type, info), signers = der(fields[2][1]), der(fields[-1][1])
        if info_type[1].hex() != TST_INFO or len(signers) != 1:
            raise ValueError("not a time stamp")
        self.info = der(info[1])[0][1]
        self.certificates = [Authority(one[2]) for tag, value, _ in fields[3:-1] if tag == 0xA0
                             for one in der(value)]
        signer = der(signers[0][1])
        self.issuer, self.serial = (each[item] for each, item in zip(der(signer[1][1]), (2, 1)))
        self.attributes, self.signature = signer[3], signer[5][1]
        self.read_info()

    def read_info(self):
        fields = der(der(self.info)[0][1])
        algorithm, imprint = der(fields[2][1])
        if der(algorithm[1])[0][1].hex() != SHA256_OID:
            raise ValueError("another hash")
        self.imprint, self.at = imprint[1], unix_ms(fields[4][1].decode())
        doubt = 0
        if len(fields) > 5 and fields[5][0] == 0x30:
            parts = {tag: int.from_bytes(value, "big") for tag, value, _ in der(fields[5][1])}
            doubt = parts.get(0x02, 0) * 1000 + parts.get(0x80, 0) + 1
        self.earliest, self.latest = self.at - doubt, self.at + 999 + doubt

    def signer(self, roots):
        for one in self.certificates + roots:
            if (one.issuer, one.serial) == (self.issuer, self.serial):
                return one
        return None

    def is_signed_by(self, one):
        values = {pair[0][1].hex(): der(pair[1][1])[0] for pair in
                  map(der, (each[1] for each in der(self.attributes[1])))}
        named = der(der(der(values[SIGNING_CERTIFICATE_V2][1])[0][1])[0][1])[0]
        form = p256_pair(self.signature)
        return (values[CONTENT_TYPE][1].hex() == TST_INFO
                and values[MESSAGE_DIGEST][1] == hashlib.sha256(self.info).digest()
                and named[1] == hashlib.sha256(one.whole).digest() and form is not None
                and p256(one.key[1:], b"\x31" + self.attributes[2][1:], *form))


def p256_pair(data):
    try:
        ((_, body, _),) = der(data)
        return tuple(int.from_bytes(item[1], "big") for item in der(body))
    except (ValueError, IndexError):
        return None


def stamped_by(certificate, index):
    """The file as it was before this token was there."""
    proof = dict(certificate["proof"])
    before = proof.pop("timestamps")[:index]
    proof.pop("disclosure", None)
    return canonical(certificate | {
        "proof": proof | ({"timestamps": before} if before else {})}).encode()


def check_tokens(tokens, certificate, roots, now):
    """(failing codes, by when it was in milliseconds or None)"""
    for i, token in enumerate(tokens):
        if token.imprint != hashlib.sha256(stamped_by(certificate, i)).digest():
            return ["timestamp-of-something-else"], None
        if i and token.latest + SKEW_MS < tokens[i - 1].earliest:
            return ["timestamps-disordered"], None
    if tokens[0].latest + SKEW_MS < certificate["proof"]["timestamp"]:
        return ["timestamp-before-run"], None
    if tokens[-1].earliest > now + SKEW_MS:
        return ["timestamp-after-appraisal"], None
    if roots is None:
        return [], None
    for i, token in enumerate(tokens):
        signer = token.signer(roots)
        if signer is None or not signer.is_good_at(token.at, roots):
            return ["timestamp-not-trusted"], None
        if not token.is_signed_by(signer):
            return ["timestamp-signature-wrong"], None
        relied_on = tokens[i + 1].latest if i + 1 < len(tokens) else now
        if signer.ends < relied_on:
            return ["timestamp-expired"], None
    return [], tokens[0].latest


def pem(text):
    blocks = re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.S)
    return [base64.b64decode("".join(block.split())) for block in blocks]


def check_time(certificate, tsa_roots, at):
    """(failing codes, the time of appraisal)"""
    proof = certificate["proof"]
    roots = None if tsa_roots is None else [Authority(one) for one in pem(tsa_roots)]
    if "timestamps" not in proof:
        return ([] if roots is None else ["timestamp-required"]), at
    try:
        tokens = [Token(unbase64(each)) for each in proof["timestamps"]]
    except (ValueError, IndexError, UnicodeDecodeError):
        return ["timestamp-malformed"], at
    failing, before = check_tokens(tokens, certificate, roots, unix_ms(at))
    return failing, at if before is None else \
        time.strftime("%Y%m%d%H%M%SZ", time.gmtime(before // 1000))


# ---- what is shown -------------------------------------------------------------------------------
KINDS = {"exec": "executions", "exec-denied": "executions", "exec-failed": "executions",
         "exit": "executions", "refused-call": "executions", "bind": "network",
         "connect": "network", "send": "network", "llm": "llm"}


def event_leaf(entry):
    salt = bytes.fromhex(entry["salt"])
    return leaf_hash(b"mayfly/event/v1\n" + salt + canonical(entry["event"]).encode())


def root_of_all(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root_of_all(leaves[:split]), root_of_all(leaves[split:]))


def root_from_part(size, leaves, hashes):
    """From some leaves by index, and a hash for each largest subtree without one. None: too few or
    too many hashes."""
    missing = []

    def part(begin, end):
        if not any(begin <= index < end for index in leaves):
            return hashes.pop(0) if hashes else missing.append(begin) or b""
        if end - begin == 1:
            return leaves[begin]
        split = begin + (1 << (end - begin - 1).bit_length() - 1)
        return node(part(begin, split), part(split, end))
    root = part(0, size) if size else hashlib.sha256(b"").digest()
    return None if hashes or missing else root


def check_shown_events(claim, trace, shown):
    order = [entry["index"] for entry in shown["events"]]
    if order != sorted(set(order)) or any(not 0 <= index < trace["size"] for index in order):
        return ["events-differ"]
    leaves = {entry["index"]: event_leaf(entry) for entry in shown["events"]}
    hashes = [bytes.fromhex(text[7:]) for text in shown["withheld"]]
    root = root_from_part(trace["size"], leaves, hashes)
    if root is None or tagged(root) != trace["root"]:
        return ["events-differ"]
    left = dict(trace.get("kinds", {}))
    left[None] = trace["size"] - sum(left.values())  # those that no kind counts
    for entry in shown["events"]:
        kind = KINDS.get(entry["event"]["event"], "files")
        left[kind if kind in left else None] -= 1
    if min(left.values()) < 0:
        return ["events-differ"]
    fixed = claim.get("withhold", [])
    return ["withheld-unfixed"] if any(left[kind] for kind in left if kind not in fixed) else []


def check_shown_result(claim, shown):
    if "result" not in claim.get("withhold", []):
        return ["result-differs"] if shown else []
    if not shown:
        return []
    salted = b"mayfly/result/v1\n" + bytes.fromhex(shown["salt"]) + unbase64(shown["bytes"])
    same = tagged(hashlib.sha256(salted).digest()) == claim["result"]["digest"]
    return [] if same else ["result-differs"]


def check_given_trace(trace, text):
    leaves = []
    for line in text.removesuffix("\n").split("\n") if text else []:
        try:
            entry = read(line.encode())
            check(entry, {"event": ANY, "leaf": "[0-9a-f]{64}", "salt": "[0-9a-f]{32}"}, "line")
            check(entry["event"]["event"], TEXT, "event")
        except (Malformed, Broken, KeyError, TypeError):
            return ["trace-malformed"]
        leaves.append(event_leaf(entry))
    same = len(leaves) == trace["size"] and tagged(root_of_all(leaves)) == trace["root"]
    return [] if same else ["trace-differs"]


def check_disclosures(claim, run, proof, text):
    shown = proof.get("disclosure", {})
    failing = check_shown_events(claim, run["trace"], shown["trace"]) if "trace" in shown else []
    failing += check_shown_result(claim, shown.get("result"))
    return failing + (check_given_trace(run["trace"], text) if text is not None else [])


def result_of(claim, proof):
    """The result as a reader has it: from the claim, or as shown; None: it is withheld."""
    if "result" not in claim.get("withhold", []):
        return claim["result"]
    shown = proof.get("disclosure", {}).get("result")
    if shown is None:
        return None
    try:
        return {"value": json.loads(unbase64(shown["bytes"]))}
    except ValueError:
        return {}


# ---- the certificate -----------------------------------------------------------------------------
def number_at(value, path):
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else value


def verdict_of(assertion, result):
    found = number_at(result["value"], assertion["name"]) if "value" in result else None
    if found is None:
        return "unknown"
    left, right = Fraction(es6(float(found))), Fraction(assertion["value"])
    return str({"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
                ">": left > right, ">=": left >= right}[assertion["op"]]).lower()


def expected_subject(certificate, claim):
    names = [("claim", tagged(digest(claim))), ("dataset", claim["dataset_hash"]),
             ("result", claim["result"]["digest"])]
    return [{"digest": {"sha256": value[7:]}, "name": name} for name, value in names
            if value.startswith("sha256:")]


def check_ids(certificate, claim, run):
    failing = []

    def expect(holds, code):
        if not holds:
            failing.append(code)
    statement = certificate["statement"]
    expect(certificate["certificate_id"] == "cert_" + digest(statement).hex(),
           "certificate-id-differs")
    expect(certificate["claim_hash"] == tagged(digest(claim)), "claim-hash-differs")
    expect(claim["sandbox_hash"] == tagged(digest(claim["sandbox"])), "sandbox-hash-differs")
    known = {name: claim[name] for name in INPUT if name in claim} | {
        "schema": "mayfly/input/v1", "sandbox_hash": tagged(digest(claim["sandbox"])),
        "assertions": [{k: v for k, v in each.items() if k != "verdict"}
                       for each in claim["assertions"]]}
    expect(claim["input_hash"] == tagged(digest(known)), "input-hash-differs")
    expect(certificate["proof"]["tee_attestation"]["kind"] == run["tee"], "tee-kind-differs")
    result, seen = claim["result"], result_of(claim, certificate["proof"])
    expect(seen is None or all(each["verdict"] == verdict_of(each, seen)
                               for each in claim["assertions"]), "assertion-differs")
    cut = run["usage"]["stdout_bytes"] > claim["limits"]["output_bytes"]
    expect(result["truncated"] == cut and (not cut or run["output_truncated"]),
           "truncation-differs")
    if "value" in result:
        expect(result["media_type"] == "application/json" and result["size"]
               and not result["truncated"] and "result" not in claim.get("withhold", []),
               "result-value-unreadable")
    return failing


def p256_form(data):
    """(r, s) of the one form that a signature has, or None."""
    try:
        ((tag, body, _),) = der(data)
        r, s = (int.from_bytes(item[1], "big") for item in der(body))
    except (ValueError, IndexError):
        return None
    numbers = b"".join(b"\x02" + bytes([len(n)]) + n for n in
                       (x.to_bytes(x.bit_length() // 8 + 1, "big") for x in (r, s)))
    is_strict = data == b"\x30" + bytes([len(numbers)]) + numbers
    return (r, s) if tag == 0x30 and is_strict and 0 < r < N and 0 < s <= N // 2 else None


def p256_fault(each, run, message):
    if each["public_key"] != run.get("signer_p256"):
        return "second-signer-differs"
    form = p256_form(unbase64(each["signature"]))
    if form is None:
        return "second-signature-form"
    return None if p256(bytes.fromhex(each["public_key"]), message, *form) \
        else "second-signature-wrong"


def check_signatures(proof, run, statement):
    message = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(statement), statement)
    failing, good = [], set()
    for each in proof["signatures"]:
        if each["algorithm"] != "ed25519":
            fault = p256_fault(each, run, message)
        else:
            fault = None if each["public_key"] == run["signer"] and ed25519(
                bytes.fromhex(run["signer"]), message, unbase64(each["signature"])) \
                else "signature-wrong"
        if not fault and each["algorithm"] in good:
            fault = "signature-wrong" if each["algorithm"] == "ed25519" \
                else "second-signature-wrong"
        if not fault and each["algorithm"] == "ed25519" and "ecdsa-p256-sha256" in good:
            failing.append("signature-wrong")  # out of its place; good all the same
        if fault:
            failing.append(fault)
        else:
            good.add(each["algorithm"])
    if "ed25519" not in good:
        failing.append("signature-missing")
    if "signer_p256" in run and "ecdsa-p256-sha256" not in good:
        failing.append("second-signature-missing")
    return failing


def check_lifecycle(claim, run, proof):
    failing = []
    life = run["lifecycle"]
    moments = [life[name] for name in RUN["lifecycle"]]
    if moments != sorted(moments):
        failing.append("lifecycle-disordered")
    if proof["timestamp"] != life["sandbox_destroyed"]:
        failing.append("timestamp-differs")
    wipe = run["wipe"]
    if wipe["residue"]:
        failing.append("wipe-residue")
    if wipe["bytes"] < claim["dataset_bytes"] or (claim["dataset_bytes"] and not wipe["scanned"]):
        failing.append("wipe-incomplete")
    return failing


def dataset_check(claim, dataset):
    if dataset is None or claim["dataset_hash"] == tagged(hashlib.sha256(dataset).digest()):
        return []
    return ["dataset-differs"]


def judge(data, at, dataset=None, policy=None, trace=None, tsa_roots=None):
    """(exit code, failing codes in order). `at`: "20260301120100Z"."""
    try:
        certificate = read(data)
    except Malformed:
        return 2, ["parse-not-canonical"]
    try:
        check(certificate, CERTIFICATE, "certificate")
    except Broken:
        return 2, ["schema-broken"]
    statement_member = certificate["statement"]
    claim, run = statement_member["predicate"]["claim"], statement_member["predicate"]["run"]
    proof = certificate["proof"]
    if statement_member["subject"] != expected_subject(certificate, claim):
        return 1, ["subject-differs"]
    statement, claim_slice = canonical(statement_member).encode(), canonical(claim).encode()
    intent_leaf = leaf_hash(unbase64(proof["intent_log"]["entry"])) if "intent_log" in proof \
        else bytes(32)
    failing = check_ids(certificate, claim, run) + dataset_check(claim, dataset)
    failing += check_signatures(proof, run, statement)
    times, appraised_at = check_time(certificate, tsa_roots, at)
    evidence, judged = check_evidence(statement, run, proof, appraised_at, intent_leaf)
    failing += evidence + check_lifecycle(claim, run, proof)
    logged = check_log(claim, run, proof, statement, claim_slice, policy)
    attempts = [code for code in logged if code.startswith("attempts-")]
    failing += [code for code in logged if code not in attempts] + times + attempts
    failing += check_disclosures(claim, run, proof, trace)
    no_contradictions = {
        "quote-simulated", "log-required", "log-not-trusted", "witnesses-too-few",
        "timestamp-required", "timestamp-not-trusted", "timestamp-expired",
        "timestamp-after-appraisal"}
    if set(failing) - no_contradictions:
        return 1, failing
    # Simulated, as all that is judged here: that is said before what is missing or refused.
    return (5 if judged else 3), failing + ["policy-not-met"]
