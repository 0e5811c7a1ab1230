"""The shipped nginx configuration in the real nginx, in front of a running mayfly serve."""
import http.client
import shutil
import socket
import ssl
import subprocess
import time

from service import ROOT, Answer, Service


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class FrontCase(Service):
    def setUp(self):
        if shutil.which("nginx") is None:
            self.skipTest("nginx is missing: Debian's nginx-light has it")
        super().setUp()
        self.start_front()

    def start_front(self):
        home = self.path / "nginx"
        (home / "temp").mkdir(parents=True)
        key, certificate = home / "key.pem", home / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=mayfly.example.org", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True, timeout=300)
        shipped = (ROOT / "deploy" / "nginx" / "mayfly.conf").read_text()
        self.front_port = free_port()
        self.access_log = home / "access.log"
        for wanted, here in (("127.0.0.1:8420", f"127.0.0.1:{self.port}"),
                             ("listen 443", f"listen 127.0.0.1:{self.front_port}"),
                             ("/etc/mayfly/tls/fullchain.pem", str(certificate)),
                             ("/etc/mayfly/tls/key.pem", str(key)),
                             ("/var/log/nginx/mayfly.log", str(self.access_log))):
            self.assertIn(wanted, shipped)
            shipped = shipped.replace(wanted, here)
        (home / "mayfly.conf").write_text(shipped)
        temp = "".join(f"{name}_temp_path {home}/temp/{name};\n" for name in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (home / "nginx.conf").write_text(
            f"daemon off;\npid {home}/pid;\nerror_log {home}/error.log;\n"
            f"events {{}}\nhttp {{\n{temp}include {home}/mayfly.conf;\n}}\n")
        self.front = subprocess.Popen(["nginx", "-p", str(home), "-c", str(home / "nginx.conf"),
                                       "-e", str(home / "error.log")])
        self.addCleanup(self.stop_front)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.front_port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.fail((home / "error.log").read_text())

    def stop_front(self):
        self.front.terminate()
        self.front.wait(timeout=30)

    def context(self):
        context = ssl.create_default_context(cafile=str(self.path / "nginx" / "cert.pem"))
        context.check_hostname = False
        return context

    def ask_front(self, method, target, body=None, **headers):
        connection = http.client.HTTPSConnection("127.0.0.1", self.front_port, timeout=300,
                                                 context=self.context())
        try:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body=body, headers=fields)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, request):
        plain = socket.create_connection(("127.0.0.1", self.front_port), 30)
        with self.context().wrap_socket(plain) as tls:
            tls.sendall(request)
            answer = b""
            while part := tls.recv(65536):
                answer += part
            return answer
