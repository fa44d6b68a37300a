#!/usr/bin/env python3
"""Checks gRPC through a proxy: `interop.py server PORT` behind it, `interop.py client HOST:PORT` in front of it."""

import sys
import threading
import time
from concurrent import futures

import grpc
import t_pb2 as messages
import t_pb2_grpc as stubs

PATIENCE_S = 15
LARGE_PATIENCE_S = 30
LARGEST = 64 << 20
SIZES = [("grpc.max_receive_message_length", LARGEST), ("grpc.max_send_message_length", LARGEST)]
# What has to be escaped in grpc-message.
DETAILS = "msg \u00e9 %"
BINARY = b"\x00\xff"


class Service(stubs.SServicer):
    """Does what the requests say."""

    def Unary(self, request, context):  # noqa: N802
        """Answers with the request's content, or fails with its code, after its delay."""
        context.set_trailing_metadata((("x-trail", "v"), ("y-bin", BINARY)))
        time.sleep(request.delay_ms / 1000)
        if request.code:
            context.abort(list(grpc.StatusCode)[request.code], DETAILS)
        echo = dict(context.invocation_metadata()).get("x-echo", "none")
        context.send_initial_metadata((("x-init", echo),))
        return messages.M(b=request.b, n=request.n)

    def SS(self, request, context):  # noqa: ARG002, N802
        """Answers with as many messages as the request says."""
        for i in range(request.n):
            time.sleep(request.delay_ms / 1000)
            yield messages.M(n=i, b=request.b)

    def CS(self, requests, context):  # noqa: ARG002, N802
        """Answers with a sum."""
        return messages.M(n=sum(message.n for message in requests))

    def Bidi(self, requests, context):  # noqa: ARG002, N802
        """Answers each message with itself."""
        yield from requests


def main():
    """Exit status 1 if a check failed."""
    role, where = sys.argv[1:]
    if role == "server":
        serve(where)
    else:
        sys.exit(0 if check_all(where) else 1)


def serve(port):
    """Serves until it is ended."""
    server = grpc.server(futures.ThreadPoolExecutor(64), options=SIZES)
    stubs.add_SServicer_to_server(Service(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


def check_all(target):
    """Runs every check and says what came of it."""
    channel = grpc.insecure_channel(target, options=SIZES)
    checks = Checks(channel)
    results = [_run(name, getattr(checks, name)) for name in dir(Checks) if not name.startswith("_")]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return all(results)


def _run(name, check):
    began, reason = time.monotonic(), ""
    try:
        passed = bool(check())
    except Exception as error:  # noqa: BLE001 (whatever it is, the check has failed)
        passed, reason = False, repr(error)[:120]
    took_ms = (time.monotonic() - began) * 1000
    print("ok  " if passed else "FAIL", name, f"{took_ms:.0f}ms", reason)
    return passed


def _failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    return None


class Checks:
    """Each is true if what came through the proxy is what was sent."""

    def __init__(self, channel):
        self._channel = channel
        self._stub = stubs.SStub(channel)

    def unary(self):
        return self._stub.Unary(messages.M(n=1), timeout=PATIENCE_S).n == 1

    def unary_empty(self):
        return self._stub.Unary(messages.M(), timeout=PATIENCE_S) == messages.M()

    def unary_4_mib(self):
        return self._echoes(4 << 20)

    def unary_32_mib(self):
        return self._echoes(32 << 20)

    def metadata_and_trailers(self):
        metadata = (("x-echo", "hi"),)
        _, call = self._stub.Unary.with_call(messages.M(n=1), timeout=PATIENCE_S, metadata=metadata)
        first, last = dict(call.initial_metadata()), dict(call.trailing_metadata())
        return first.get("x-init") == "hi" and last.get("y-bin") == BINARY

    def metadata_7_kb(self):
        metadata = (("x-big", "a" * 7000),)
        return self._stub.Unary(messages.M(n=1), timeout=PATIENCE_S, metadata=metadata).n == 1

    def status_trailers_only(self):
        return self._passes(grpc.StatusCode.NOT_FOUND)

    def status_unavailable(self):
        return self._passes(grpc.StatusCode.UNAVAILABLE)

    def unimplemented(self):
        error = _failure(lambda: self._channel.unary_unary("/t.S/Nope")(b"", timeout=PATIENCE_S))
        return error.code() == grpc.StatusCode.UNIMPLEMENTED

    def deadline(self):
        began = time.monotonic()
        error = _failure(lambda: self._stub.Unary(messages.M(delay_ms=3000), timeout=0.5))
        in_time = time.monotonic() - began < 1.5
        return error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and in_time

    def cancel(self):
        stream = self._stub.SS(messages.M(n=10000, delay_ms=1), timeout=PATIENCE_S)
        next(stream)
        stream.cancel()
        return _failure(lambda: list(stream)).code() == grpc.StatusCode.CANCELLED

    def server_stream_1000(self):
        return sum(1 for _ in self._stub.SS(messages.M(n=1000), timeout=PATIENCE_S)) == 1000

    def server_stream_is_not_held_back(self):
        began = time.monotonic()
        stream = self._stub.SS(messages.M(n=4, delay_ms=250), timeout=PATIENCE_S)
        times = [time.monotonic() - began for _ in stream]
        return times[0] < 0.6 and times[-1] > 0.9

    def server_stream_200_of_64_kib(self):
        stream = self._stub.SS(messages.M(n=200, b=b"z" * 65536), timeout=LARGE_PATIENCE_S)
        return sum(len(message.b) for message in stream) == 200 * 65536

    def client_stream_1000(self):
        sent = (messages.M(n=1) for _ in range(1000))
        return self._stub.CS(sent, timeout=PATIENCE_S).n == 1000

    def bidi_ping_pong_50(self):
        answered, count = threading.Event(), 0

        def pings():
            for i in range(50):
                yield messages.M(n=i)
                answered.wait(2)
                answered.clear()

        for _ in self._stub.Bidi(pings(), timeout=PATIENCE_S):
            count += 1
            answered.set()
        return count == 50

    def parallel_200(self):
        request = messages.M(n=7, delay_ms=50)
        calls = [self._stub.Unary.future(request, timeout=PATIENCE_S) for _ in range(200)]
        return all(call.result().n == 7 for call in calls)

    def _echoes(self, size):
        request = messages.M(b=b"x" * size)
        return len(self._stub.Unary(request, timeout=LARGE_PATIENCE_S).b) == size

    def _passes(self, status):
        request = messages.M(code=list(grpc.StatusCode).index(status))
        error = _failure(lambda: self._stub.Unary(request, timeout=PATIENCE_S))
        return error.code() == status and error.details() == DETAILS


if __name__ == "__main__":
    main()
