"""A front between a client and a service that keeps all it sees, and may meddle."""
import socket
import threading


class Front:
    """Listens on a port of its own; every connection goes on to `port`, one request each."""

    def __init__(self, port):
        self.behind = port
        self.seen = []  # (from the client, from the service) of each connection, in order
        self.change_request = lambda data: data   # of each part that the client sends
        self.answer_instead = lambda head: None   # bytes: said without asking the service
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def close(self):
        self.listener.close()

    def carry(self, client):
        record = [b"", b""]
        self.seen.append(record)
        with client:
            first = client.recv(65536)
            instead = self.answer_instead(first)
            if instead is not None:
                record[0] += first
                client.sendall(instead)
                return
            with socket.create_connection(("127.0.0.1", self.behind)) as service:
                back = threading.Thread(target=self.pump, args=(service, client, record, 1),
                                        daemon=True)
                back.start()
                record[0] += first
                service.sendall(self.change_request(first))
                self.pump(client, service, record, 0)
                back.join(timeout=300)

    def pump(self, source, sink, record, way):
        try:
            while data := source.recv(65536):
                record[way] += data
                sink.sendall(self.change_request(data) if way == 0 else data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def sent(self):
        """All that clients sent."""
        return b"".join(record[0] for record in self.seen)

    def everything(self):
        return b"".join(part for record in self.seen for part in record)
