"""The sockets that we listen on."""

from __future__ import annotations

import gc
import socket

from gateway.serving import _listen, calm_collector
from mocks.serving import listen


def test_answers_are_not_held_back_for_an_acknowledgement() -> None:
    for listener in (_listen("127.0.0.1", 0), listen()):
        with listener:
            assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_is_built_before_serving_is_left_alone_by_the_collector() -> None:
    before = gc.get_threshold()
    try:
        calm_collector()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
