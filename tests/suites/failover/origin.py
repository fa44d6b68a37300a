#!/usr/bin/env python3
"""One origin: answers every request with 200 after 20 ms, so that a kill meets requests under way."""

import asyncio
import re
import sys

WORK_S = 0.02
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def _serve(reader, writer):
    try:
        while True:
            await _read_request(reader)
            await asyncio.sleep(WORK_S)
            writer.write(_ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return  # the other end is done
    finally:
        writer.close()


async def _read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length:
        await reader.readexactly(int(length[1]))
    elif re.search(rb"(?i)\r\ntransfer-encoding:", head):
        await reader.readuntil(b"0\r\n\r\n")


async def _main(port):
    server = await asyncio.start_server(_serve, "127.0.0.1", port, reuse_address=True)
    await server.serve_forever()


asyncio.run(_main(int(sys.argv[1])))
