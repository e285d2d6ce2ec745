#!/usr/bin/env python3
"""Byte streams with a checksum at both ends, for the functional tests.

  stream.py serve ADDRESS PORT                     serves until it is killed; says "ready" when it listens
  stream.py put|get ADDRESS PORT COUNT SIZE [N]    COUNT transfers of SIZE bytes, N at a time
  stream.py parallel ADDRESS PORT COUNT SIZE       COUNT connections open at a time, each SIZE bytes there and back

A request is one line, "put SIZE", "get SIZE SEED" or "echo SIZE". The server answers with the SHA-256 of what it
received or sent; the client compares. Exit status 0 only if all of them agree.
"""

import concurrent.futures
import hashlib
import queue
import random
import selectors
import socket
import sys
import threading

BLOCK = 1 << 17
LIMIT = 600  # seconds a socket may stand still
WORKERS = 16


def blocks(size, seed):
    """Reproducible data; no two blocks of a stream are equal."""
    base = random.Random(seed).randbytes(BLOCK)
    for offset in range(0, size, BLOCK):
        yield (offset.to_bytes(8, "big") + base[8:])[: size - offset]


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def receive(stream, size):
    """SHA-256 of the next size bytes."""
    digest, left, view = hashlib.sha256(), size, memoryview(bytearray(BLOCK))
    while left:
        n = stream.readinto(view[: min(left, BLOCK)])
        if not n:
            raise EOFError(f"stream ended {left} bytes early of {size}")
        digest.update(view[:n])
        left -= n
    return digest.hexdigest()


def send(sock, size, seed):
    digest = hashlib.sha256()
    for block in blocks(size, seed):
        sock.sendall(block)
        digest.update(block)
    return digest.hexdigest()


def answer(sock):
    """One request of a connection."""
    sock.settimeout(LIMIT)
    with sock.makefile("rb", buffering=BLOCK) as stream:
        words = stream.readline().split()
        if not words:
            return
        verb, size = words[0], int(words[1])
        if verb == b"put":
            digest = receive(stream, size)
        elif verb == b"get":
            digest = send(sock, size, int(words[2]))
        else:
            data = stream.read(size)
            sock.sendall(data)
            digest = hashlib.sha256(data).hexdigest()
        sock.sendall(digest.encode() + b"\n")


def await_end(sock):
    """The client ends the connection, with nothing more to say."""
    with sock:
        if sock.recv(1):
            raise ValueError("bytes after the end of the request")


def worker(work, todo, done=None):
    while True:
        sock = todo.get()
        try:
            work(sock)
        except (OSError, EOFError, ValueError) as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            sock.close()
        else:
            if done:
                done.put(sock)


def serve(address, port):
    listener = socket.socket(family(address), socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(1024)
    accepted, answered = queue.SimpleQueue(), queue.SimpleQueue()
    for _ in range(WORKERS):
        threading.Thread(target=worker, args=(answer, accepted, answered), daemon=True).start()
    threading.Thread(target=worker, args=(await_end, answered), daemon=True).start()
    print("ready", flush=True)
    while True:
        accepted.put(listener.accept()[0])


def transfer(verb, address, port, size, seed):
    """One transfer; returns the digests of both ends."""
    with socket.socket(family(address), socket.SOCK_STREAM) as sock:
        sock.settimeout(LIMIT)
        sock.connect((address, port))
        sock.sendall(f"{verb} {size} {seed}\n".encode())
        with sock.makefile("rb", buffering=BLOCK) as stream:
            mine = send(sock, size, seed) if verb == "put" else receive(stream, size)
            theirs = stream.readline().decode().strip()
            sock.shutdown(socket.SHUT_WR)
            if stream.read(1):
                raise ValueError("bytes after the end of the answer")
    return mine, theirs


def transfers(verb, address, port, count, size, at_a_time):
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        jobs = [pool.submit(transfer, verb, address, port, size, seed) for seed in range(count)]
        for seed, job in enumerate(jobs):
            mine, theirs = job.result()
            if mine != theirs:
                print(f"transfer {seed}: SHA-256 {mine} here, {theirs} there")
                wrong += 1
    print(f"{count} x {verb} of {size} bytes, {wrong} wrong")
    return wrong


class Echo:
    """One of many connections driven by one selector."""

    def __init__(self, selector, address, port, size, seed):
        self.data = b"".join(blocks(size, seed))
        self.out = memoryview(f"echo {size}\n".encode() + self.data)
        self.want = size + 65
        self.got = bytearray()
        self.sock = socket.socket(family(address), socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.connect_ex((address, port))
        self.selector = selector
        selector.register(self.sock, selectors.EVENT_WRITE, self)

    def ready(self, mask):
        """True when all is back."""
        if mask & selectors.EVENT_WRITE:
            self.out = self.out[self.sock.send(self.out):]
            if not self.out:
                self.selector.modify(self.sock, selectors.EVENT_READ, self)
        if mask & selectors.EVENT_READ:
            data = self.sock.recv(BLOCK)
            if not data:
                raise EOFError(f"stream ended after {len(self.got)} of {self.want} bytes")
            self.got += data
        return len(self.got) >= self.want

    def right(self):
        digest = hashlib.sha256(self.data).hexdigest().encode()
        return bytes(self.got) == self.data + digest + b"\n"


def parallel(address, port, count, size):
    selector = selectors.DefaultSelector()
    all_of_them = [Echo(selector, address, port, size, seed) for seed in range(count)]
    left = count
    while left:
        events = selector.select(LIMIT)
        if not events:
            raise TimeoutError(f"{left} of {count} connections stand still")
        for key, mask in events:
            if key.data.ready(mask):
                selector.unregister(key.fileobj)
                left -= 1
    wrong = sum(not echo.right() for echo in all_of_them)
    for echo in all_of_them:
        echo.sock.close()
    print(f"{count} connections at once, {wrong} wrong")
    return wrong


def main(verb, address, port, *numbers):
    numbers = [int(n) for n in numbers]
    if verb == "serve":
        return serve(address, int(port))
    if verb == "parallel":
        return parallel(address, int(port), *numbers)
    count, size, at_a_time = (numbers + [1])[:3]
    return transfers(verb, address, int(port), count, size, at_a_time)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(1 if main(*sys.argv[1:]) else 0)
