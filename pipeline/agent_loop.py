"""Mayfly's agent: gives a prompt to a model, runs the tools it asks for, until it has answered.

Runs inside the sandbox, as the job. Every tool call is a process or a file access of this sandbox,
so it is confined and recorded like any other. The model is asked through the run's gateway, which
holds the key and the budget. What is printed is the model's last answer; its last line is the
result. On any other end, the last line says why: {"agent_stopped": "..."}, and the status is not 0.
"""
import email.utils
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse

TURNS_MAX = 24
REPEATS_MAX = 3            # of one call with the same arguments, answered; one more ends the run
ATTEMPTS_MAX = 4
WAIT_SECONDS_MAX = 30
TOOL_SECONDS_MAX = 120
TOOL_OUTPUT_BYTES_MAX = 32 * 1024
OUTPUT_TOKENS = 8192
REPLY_SECONDS_MAX = 900
STATUS_STOPPED = 4

SYSTEM = """You work alone, inside a sealed sandbox without network or user, on private data.
{dataset}Scripts given with the task are in /work, your working directory; /tmp is also writable.
Use the tools to look and compute; never guess what a tool can tell you.
When you are done, answer without calling a tool. End the answer with one line that is a JSON object
with the result, for example {{"records_scanned": 100, "found": 0}}. Put no private data in it
unless the task asks for it."""

SQLITE = """
import csv, sqlite3, sys
database, table_of, sql = sys.argv[1:4]
connection = sqlite3.connect(database)
if table_of:
    with open(table_of, newline='') as text:
        rows = csv.reader(text)
        names = ', '.join('"' + name.replace('"', '""') + '"' for name in next(rows))
        width = names.count('", "') + 1
        connection.execute('drop table if exists data')
        connection.execute(f'create table data ({names})')
        connection.executemany(f"insert into data values ({', '.join('?' * width)})", rows)
    connection.commit()
for statement in [sql]:
    answer = connection.execute(statement)
    if answer.description:
        print('|'.join(column[0] for column in answer.description))
    for row in answer:
        print('|'.join(map(str, row)))
connection.commit()
"""


class Stopped(Exception):
    """The agent cannot go on; the text says why."""


# --- tools ---

def run(arguments):
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=TOOL_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return f"stopped after {TOOL_SECONDS_MAX} s", True
    text = done.stdout
    if done.stderr:
        text += b"\n[stderr]\n" + done.stderr
    if done.returncode:
        text += f"\n[exit status {done.returncode}]".encode()
    return cut(text), done.returncode != 0


def cut(text):
    if len(text) > TOOL_OUTPUT_BYTES_MAX:
        text = text[:TOOL_OUTPUT_BYTES_MAX] + f"\n[cut: {len(text)} bytes in all]".encode()
    return text.decode(errors="replace")


def bash(command):
    return run(["bash", "-c", command])


def python(code):
    return run(["python3", "-c", code])


def grep(pattern, path, count=False):
    text, failed = run(["grep", "-c" if count else "-n", "-E", "--", pattern, path])
    nothing = failed and text.endswith("[exit status 1]")  # grep's way to say: no line
    return text, failed and not nothing


def files(action, path, content=""):
    if action == "list":
        return "\n".join(sorted(os.listdir(path))), False
    if action == "write":
        with open(path, "w", encoding="utf-8") as out:
            out.write(content)
        return f"wrote {len(content)} characters", False
    with open(path, "rb") as source:
        return cut(source.read(TOOL_OUTPUT_BYTES_MAX + 1)), False


def sqlite(sql, database="/tmp/agent.db", csv=""):
    return run(["python3", "-c", SQLITE, database, csv, sql])


def text(description, **more):
    return {"type": "string", "description": description, **more}


TOOLS = {
    "bash": (bash, "Run a bash command.", {"command": text("the command")}, ["command"]),
    "python": (python, "Run a Python 3 program; print what you want to see.",
               {"code": text("the program")}, ["code"]),
    "grep": (grep, "Lines of a file that match an extended regular expression, or their number.",
             {"pattern": text("the expression"), "path": text("the file"),
              "count": {"type": "boolean", "description": "only how many lines"}},
             ["pattern", "path"]),
    "files": (files, "Read or write a text file, or list a folder.",
              {"action": text("what to do", enum=["read", "write", "list"]),
               "path": text("the file or folder"), "content": text("for write")},
              ["action", "path"]),
    "sqlite": (sqlite, "Run one SQL statement. With csv, that file is first made table data.",
               {"sql": text("the statement"), "database": text("a file; one is kept by default"),
                "csv": text("a CSV file with a heading")}, ["sql"]),
}


def schema_of(name):
    _, _, properties, required = TOOLS[name]
    return {"type": "object", "properties": properties, "required": required,
            "additionalProperties": False}


class Tools:
    def __init__(self, offered):
        self.offered = offered
        self.seen = {}

    def call(self, name, arguments):
        """(text, whether it failed): a mistake is told to the model, which can do better."""
        key = name + json.dumps(arguments, sort_keys=True)
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.seen[key] > REPEATS_MAX + 1:
            raise Stopped("loop")
        if self.seen[key] > REPEATS_MAX:
            return "this very call was made before, with this answer; do something else", True
        if name not in self.offered:
            return f"there is no tool {name}", True
        if not isinstance(arguments, dict):
            return "the arguments are not an object", True
        try:
            return TOOLS[name][0](**arguments)
        except (TypeError, ValueError, OSError) as error:
            return f"{type(error).__name__}: {error}", True


# --- the model ---

def wait_before(attempt, answer):
    after = answer.getheader("retry-after-ms")
    if after and after.isdigit():
        return int(after) / 1000
    after = answer.getheader("retry-after") or ""
    if after.isdigit():
        return int(after)
    when = email.utils.parsedate_to_datetime(after) if "," in after else None
    return when.timestamp() - time.time() if when else 0.5 * 2 ** attempt


def ask(base_url, path, headers, body):
    """The reply; tries again what may succeed, and only that."""
    where = urllib.parse.urlsplit(base_url)
    payload = json.dumps(body).encode()
    reason = "provider_failed"
    for attempt in range(ATTEMPTS_MAX):
        connection = http.client.HTTPConnection(where.hostname, where.port,
                                                timeout=REPLY_SECONDS_MAX)
        try:
            connection.request("POST", where.path + path, payload,
                               {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            got = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            time.sleep(0.5 * 2 ** attempt)
            continue
        finally:
            connection.close()
        if answer.status == 200:
            return got
        error = got.get("error") or {}
        reason = (error.get("details") or {}).get("error_code") or error.get("code") or \
            error.get("type") or f"http_{answer.status}"
        if answer.getheader("x-should-retry") == "false":
            break
        if answer.status not in (408, 409, 429) and answer.status < 500:
            break
        if attempt + 1 < ATTEMPTS_MAX:
            time.sleep(max(0, min(wait_before(attempt, answer), WAIT_SECONDS_MAX)))
    raise Stopped(reason)


class Messages:
    """Anthropic Messages."""

    def __init__(self, task, system):
        self.body = {"model": task["model"], "max_tokens": OUTPUT_TOKENS, "system": system,
                     "tools": [{"name": name, "description": TOOLS[name][1],
                                "input_schema": schema_of(name)} for name in task["tools"]],
                     "messages": [{"role": "user", "content": task["prompt"]}]}
        self.headers = {"authorization": "Bearer " + os.environ["ANTHROPIC_API_KEY"],
                        "anthropic-version": "2023-06-01"}

    def turn(self, tools):
        """The final text, or None to go on."""
        got = ask(os.environ["ANTHROPIC_BASE_URL"], "/v1/messages", self.headers, self.body)
        content, reason = got.get("content") or [], got.get("stop_reason")
        said = "".join(block.get("text", "") for block in content if block.get("type") == "text")
        if reason in ("refusal", "max_tokens", "model_context_window_exceeded"):
            raise Stopped(reason)
        self.body["messages"].append({"role": "assistant", "content": content})
        if reason == "pause_turn":
            return None
        calls = [block for block in content if block.get("type") == "tool_use"]
        if reason != "tool_use" or not calls:
            return said
        answers = []
        for call in calls:
            text_of_it, failed = tools.call(call.get("name", ""), call.get("input"))
            answers.append({"type": "tool_result", "tool_use_id": call["id"],
                            "content": text_of_it, "is_error": failed})
        self.body["messages"].append({"role": "user", "content": answers})
        return None


class Chat:
    """OpenAI Chat Completions, and what else speaks it."""

    def __init__(self, task, system):
        self.body = {"model": task["model"], "max_completion_tokens": OUTPUT_TOKENS,
                     "messages": [{"role": "system", "content": system},
                                  {"role": "user", "content": task["prompt"]}]}
        if task["tools"]:
            self.body["tools"] = [
                {"type": "function", "function": {"name": name, "description": TOOLS[name][1],
                                                  "parameters": schema_of(name)}}
                for name in task["tools"]]
        self.headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}

    def turn(self, tools):
        got = ask(os.environ["OPENAI_BASE_URL"], "/chat/completions", self.headers, self.body)
        choice = (got.get("choices") or [{}])[0]
        message, reason = choice.get("message") or {}, choice.get("finish_reason")
        if message.get("refusal"):
            raise Stopped("refusal")
        if reason in ("length", "content_filter"):
            raise Stopped({"length": "max_tokens"}.get(reason, reason))
        calls = message.get("tool_calls") or []
        if not calls:
            return message.get("content") or ""
        self.body["messages"].append(message)
        for call in calls:
            function = call.get("function") or {}
            try:
                arguments = json.loads(function.get("arguments") or "{}")
            except ValueError:
                arguments = None
            text_of_it, _ = tools.call(function.get("name", ""), arguments)
            self.body["messages"].append({"role": "tool", "tool_call_id": call.get("id"),
                                          "content": text_of_it})
        return None


def main():
    with open("mayfly_agent.json", encoding="utf-8") as source:
        task = json.load(source)
    path = os.environ.get("DATASET_PATH")
    system = SYSTEM.format(dataset=f"The dataset is {path}, read-only. " if path else "")
    model = (Messages if task["wire"] == "anthropic" else Chat)(task, system)
    tools = Tools(task["tools"])
    try:
        for _ in range(TURNS_MAX):
            said = model.turn(tools)
            if said is not None:
                print(said)
                return 0
        raise Stopped("turns")
    except Stopped as stopped:
        print(json.dumps({"agent_stopped": str(stopped)}))
        return STATUS_STOPPED


if __name__ == "__main__":
    sys.exit(main())
