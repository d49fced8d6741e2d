"""Gathered: a socket that is read in large pieces, however small those are that are asked for."""

import socket
import ssl

CHUNK = 16_384  # bytes a read: a hundred messages, some 3 ms, until others get the loop


class Gathered:
    """A socket whose reads are cut from larger ones: the library reads a packet's head byte by byte, a system call each."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._bytes = b""
        self._at = 0
        self.send = sock.send
        self.close = sock.close
        self.fileno = sock.fileno
        self.setblocking = sock.setblocking

    def recv(self, size: int) -> bytes:
        at = self._at
        if at >= len(self._bytes):
            self._bytes, at = self._sock.recv(CHUNK), 0
        self._at = at + size
        return self._bytes[at : self._at]

    def pending(self) -> int:
        """Bytes that can be read without the system's help; the library then reads on."""
        inner = self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0
        return max(0, len(self._bytes) - self._at) + inner
