"""Our pictures, WebP: what they may weigh, and the size that a file says it has. Decodes no picture."""

from __future__ import annotations

from pathlib import Path

LIMIT = 25_000  # bytes: pictures come with a page that is meant for phones


def size(path: Path) -> tuple[int, int]:
    """Return width and height in pixels of *path*, a lossy WebP file without extensions."""
    header = path.read_bytes()[:30]
    # RFC 9649, 2.5: "RIFF", the size of the file, "WEBP", then the chunk "VP8 " with its size.
    assert header[:4] == b"RIFF"
    assert header[8:16] == b"WEBPVP8 "
    # RFC 6386, 9.1: three bytes of frame tag and a start code, then 14 bits of width and of height, each below 2 bits of scale.
    assert header[23:26] == b"\x9d\x01\x2a"
    return int.from_bytes(header[26:28], "little") & 0x3FFF, int.from_bytes(header[28:30], "little") & 0x3FFF
