"""A provider of models that answers what a test tells it to, on this machine's loopback address.

Each request takes the next answer from `script`; a request that finds none is answered 500. What
came is kept in `requests`, head and body as they came.
"""
import http.server
import json
import ssl
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=lambda: {"content-type": "application/json"})
    # Pieces of a stream: bytes to send, a number of seconds to wait, or something to call; "cut"
    # closes the connection.
    stream: list | None = None
    chunked: bool = True


def reply(value, status=200, **headers) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"content-type": "application/json", **named})


def events(*pieces, **headers) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(200, b"", {"content-type": "text/event-stream; charset=utf-8", **named},
                  list(pieces))


def event(data, name=None, end="\n") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    lead = f"event: {name}{end}" if name else ""
    return f"{lead}data: {text}{end}{end}".encode()


# --- what the two languages look like ---

def message(text="done", model="claude-test-1", stop="end_turn", usage=None, content=None):
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": model,
            "content": content or [{"type": "text", "text": text}],
            "stop_reason": stop, "stop_sequence": None,
            "usage": usage or {"input_tokens": 11, "output_tokens": 7}}


def message_events(text="hello world", model="claude-test-1"):
    start = message(model=model, stop=None, usage={"input_tokens": 11, "output_tokens": 1})
    start["content"] = []
    half = len(text) // 2

    def delta(part):
        return {"type": "content_block_delta", "index": 0,
                "delta": {"type": "text_delta", "text": part}}
    return [
        event({"type": "message_start", "message": start}, "message_start"),
        event({"type": "ping"}, "ping"),
        event({"type": "content_block_start", "index": 0,
               "content_block": {"type": "text", "text": ""}}, "content_block_start"),
        event(delta(text[:half]), "content_block_delta"),
        event(delta(text[half:]), "content_block_delta"),
        event({"type": "content_block_stop", "index": 0}, "content_block_stop"),
        event({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
               "usage": {"output_tokens": 9}}, "message_delta"),
        event({"type": "message_stop"}, "message_stop"),
    ]


def chat(text="done", model="gpt-test-1", usage=True):
    value = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
             "choices": [{"index": 0, "finish_reason": "stop",
                          "message": {"role": "assistant", "content": text}}]}
    if usage:
        value["usage"] = {"prompt_tokens": 13, "completion_tokens": 5, "total_tokens": 18}
    return value


def chat_events(text="hello world", model="gpt-test-1", usage=True):
    def chunk(choices, **more):
        return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                      "model": model, "choices": choices, **more})
    half = len(text) // 2
    pieces = [chunk([{"index": 0, "delta": {"role": "assistant", "content": part},
                      "finish_reason": None}]) for part in (text[:half], text[half:])]
    pieces.append(chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if usage:
        pieces.append(chunk([], usage={"prompt_tokens": 13, "completion_tokens": 5,
                                       "total_tokens": 18}))
    return pieces + [b"data: [DONE]\n\n"]


def response(text="done", model="gpt-test-1", status="completed"):
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": model,
            "status": status, "error": None,
            "output": [{"type": "message", "id": "msg_1", "role": "assistant",
                        "status": "completed",
                        "content": [{"type": "output_text", "text": text, "annotations": []}]}],
            "usage": {"input_tokens": 17, "output_tokens": 3, "total_tokens": 20,
                      "input_tokens_details": {"cached_tokens": 4},
                      "output_tokens_details": {"reasoning_tokens": 1}}}


def response_events(text="hello world"):
    names = ["response.created", "response.in_progress"]
    pieces = [event({"type": name, "sequence_number": n, "response": response("", status="queued")},
                    name) for n, name in enumerate(names)]
    pieces.append(event({"type": "response.output_text.delta", "sequence_number": 2,
                         "item_id": "msg_1", "output_index": 0, "content_index": 0,
                         "delta": text}, "response.output_text.delta"))
    pieces.append(event({"type": "response.completed", "sequence_number": 3,
                         "response": response(text)}, "response.completed"))
    return pieces


# --- the server ---

@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Provider:
    def __init__(self, certificate=None):
        self.script: list[Answer] = []
        self.requests: list[Request] = []
        self.connections = 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                provider.connections += 1

            def log_message(self, *_):
                pass

            def do_GET(self):
                provider.answer(self)

            do_POST = do_GET

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://localhost:{self.port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler):
        length = int(handler.headers.get("content-length") or 0)
        body = handler.rfile.read(length)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append(Request(handler.command, handler.path, headers, body))
        answer = self.script.pop(0) if self.script else reply({"error": "no script"}, 500)
        if answer.stream is None:
            handler.send_response(answer.status)
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            handler.send_header("content-length", str(len(answer.body)))
            handler.end_headers()
            handler.wfile.write(answer.body)
        else:
            self.stream(handler, answer)

    @staticmethod
    def stream(handler, answer):
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for piece in answer.stream:
            if piece == "cut":
                handler.close_connection = True
                return
            if isinstance(piece, (int, float)):
                time.sleep(piece)
                continue
            if callable(piece):
                piece()
                continue
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            handler.wfile.flush()
        handler.wfile.write(b"0\r\n\r\n")
