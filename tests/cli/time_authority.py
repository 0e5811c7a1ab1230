"""A time-stamping authority of RFC 3161 for tests: openssl's, with keys of its own."""
import pathlib
import subprocess

CONFIG = """
[ca]
default_ca = root
[root]
dir = {folder}
database = $dir/index
new_certs_dir = $dir
serial = $dir/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
commonName = {name}
[authority]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[no_authority]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, serverAuth
[root_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = {folder}/tsa_serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class TimeAuthority:
    def __init__(self, folder, name="Test authority", start="20200101000000Z",
                 end="20991231235959Z", extensions="authority"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.path("config").write_text(CONFIG.format(folder=self.folder, name=name))
        self.path("index").touch()
        self.path("serial").write_text("01\n")
        self.path("tsa_serial").write_text("01\n")
        self.roots = str(self.path("root.pem"))
        for key in ("root", "tsa"):
            self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                         self.path(key + ".key"))
            self.openssl("req", "-new", "-config", self.path("config"), "-subj",
                         f"/CN={name}{' root' if key == 'root' else ''}", "-key",
                         self.path(key + ".key"), "-out", self.path(key + ".csr"))
        self.openssl("ca", "-batch", "-config", self.path("config"), "-selfsign", "-keyfile",
                     self.path("root.key"), "-in", self.path("root.csr"), "-extensions",
                     "root_extensions", "-startdate", "20200101000000Z", "-enddate",
                     "20991231235959Z", "-notext", "-out", self.roots)
        self.openssl("ca", "-batch", "-config", self.path("config"), "-keyfile",
                     self.path("root.key"), "-cert", self.roots, "-in", self.path("tsa.csr"),
                     "-extensions", extensions, "-startdate", start, "-enddate", end, "-notext",
                     "-out", self.path("tsa.pem"))

    def path(self, name):
        return self.folder / name

    def openssl(self, *words):
        done = subprocess.run(["openssl", *map(str, words)], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def der(self, name):
        return self.openssl("x509", "-in", self.path(name), "-outform", "DER")

    def answer(self, request, response, *more):
        self.openssl("ts", "-reply", "-config", self.path("config"), "-queryfile", request,
                     "-signer", self.path("tsa.pem"), "-inkey", self.path("tsa.key"), "-out",
                     response, *more)
