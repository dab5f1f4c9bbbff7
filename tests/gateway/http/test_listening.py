"""The sockets that we listen on."""

from __future__ import annotations

import socket

from gateway.serving import _listen
from mocks.serving import listen


def test_answers_are_not_held_back_for_an_acknowledgement() -> None:
    for listener in (_listen("127.0.0.1", 0), listen()):
        with listener:
            assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
