"""A TCP proxy that cuts its traffic on purpose: after so many bytes in one direction, in the middle of a packet."""
import select
import socket
import threading


class Proxy:
    """Forwards 127.0.0.1:port to a target port. `cut_after(n)` closes the connection in use after n more bytes from the target."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Condition()
        self.budget = None
        self.cuts = 0
        self.closed = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while self.pump(client, server):
                pass
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def pump(self, client, server):
        for s in select.select([client, server], [], [])[0]:
            data = s.recv(65536)
            if not data:
                return False
            if s is client:
                server.sendall(data)
                continue
            with self.lock:
                cut = self.budget is not None and len(data) >= self.budget
                if cut:
                    data = data[:self.budget]
                    self.budget = None
                elif self.budget is not None:
                    self.budget -= len(data)
            client.sendall(data)
            if cut:
                with self.lock:
                    self.cuts += 1
                    self.lock.notify_all()
                return False
        return True

    def cut_after(self, n):
        with self.lock:
            self.budget = n

    def wait_cut(self, n, timeout):
        with self.lock:
            assert self.lock.wait_for(lambda: self.cuts >= n, timeout), "no traffic to cut"

    def close(self):
        self.listener.close()
