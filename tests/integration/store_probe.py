"""Drives store_probe (tests/unit/store/store_probe.c): a store with nothing around it, for tests that freeze, cut and kill."""
import contextlib
import json
import os
import queue
import select
import signal
import socket
import subprocess
import threading
import time

import psycopg2

from stack import AREA, BUILD, WAIT, Cluster

PROGRAM = BUILD / "tests/unit/store/store_probe"


def migrate(cluster, database, user="postgres", program=PROGRAM):
    return subprocess.run([program, "migrate", cluster.conninfo(user, database)], capture_output=True, text=True, timeout=WAIT)


def connect(cluster, database, user="postgres"):
    connection = psycopg2.connect(cluster.conninfo(user, database))
    connection.autocommit = True
    return connection


def sql(cluster, database, query, *parameters, user="postgres"):
    """Rows of a statement, [] when it gives none."""
    connection = connect(cluster, database, user)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def eventually(check, what):
    """The first true value of check(), asked again whenever the clock has moved a little; fails after WAIT."""
    end = time.monotonic() + WAIT
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, what
        select.select([], [], [], 0.02)


class Probe:
    """One store in a process of its own. Lines that it tells are lists of fields."""

    def __init__(self, conninfo, area=AREA, retry_ms=50):
        self.process = subprocess.Popen([PROGRAM, "run", conninfo, area, str(retry_ms)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n").split("\t"))
        self.lines.put(None)

    def ask(self, *fields):
        self.ask_at_once(fields)

    def ask_at_once(self, *lines):
        """Several in one turn of the probe's loop."""
        self.process.stdin.write("".join("\t".join("\\N" if f is None else str(f) for f in fields) + "\n" for fields in lines))
        self.process.stdin.flush()

    def until(self, word, timeout=WAIT):
        """The next line that begins with the word; what came before it is in `seen`."""
        self.seen = []
        end = time.monotonic() + timeout
        while True:
            line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            assert line is not None, f"store_probe ended before {word}: {self.seen[-10:]}"
            if line[0] == word:
                return line
            self.seen.append(line)

    def rows(self, table):
        return [line[2:] for line in self.seen if line[:2] == ["row", table]]

    def ready(self):
        """Wait until ready; the epoch."""
        epoch = int(self.until("load_start")[1])
        self.until("ready")
        return epoch

    def write(self, *rows):
        """Write rows (table, cell…) in one batch; the fields of its outcome."""
        for row in rows:
            self.ask("row", *row)
        self.ask("write")
        return self.until("written")[1:]

    def query(self, name, *parameters):
        """The parsed answer, or None; `why` holds the reason."""
        self.ask("query", name, *parameters)
        _, _, text, self.why = self.until("reply")
        return None if text == "\\N" else json.loads(text)

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self):
        """Orderly: every handle closed, the loop too."""
        self.ask("stop")
        assert self.until("closed") == ["closed", "0"]
        assert self.process.wait(WAIT) == 0

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()


class Tunnel:
    """A TCP way to the server that stops passing on what the client sends after so many bytes, while both ends stay connected."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.budget = None
        self.full = threading.Event()
        self.sockets = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.sockets += [client, server]
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, sink, upward):
        try:
            while data := source.recv(65536):
                if upward and self.budget is not None:
                    data = data[:self.budget]
                    self.budget -= len(data)
                sink.sendall(data)
                if upward and self.budget == 0:
                    self.full.set()
                    return
        except OSError:
            pass
        if not upward:
            sink.close()

    def close(self):
        for s in self.sockets:
            s.close()


@contextlib.contextmanager
def filled_town(folder, fill):
    """A migrated cluster whose database `town` holds what fill(cursor) inserts, and a probe that is ready: (cluster, probe)."""
    cluster = Cluster(folder)
    cluster.start()
    sql(cluster, "postgres", "create database town")
    assert migrate(cluster, "town").returncode == 0
    connection = connect(cluster, "town")
    connection.autocommit = False
    fill(connection.cursor())
    connection.commit()
    connection.close()
    probe = Probe(cluster.conninfo("policegrid_daemon", "town"))
    probe.ready()
    yield cluster, probe
    probe.stop()
    cluster.stop()
