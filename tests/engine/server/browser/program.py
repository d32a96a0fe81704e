"""A program that speaks as one does that draws for a browser, and says what it is told."""

PROGRAM = """
import json, os, sys
print("a warning, before anything else", flush=True)
out, read = sys.stdout.buffer, sys.stdin.buffer.read

def say(kind, data):
    out.write(kind + len(data).to_bytes(4, "big") + data)
    out.flush()

out.write(b"__GANGLION__\\n")
say(b"D", " ".join(os.environ.get(name, "-") for name in ("COLUMNS", "ROWS", "TEXTUAL_DRIVER", "NO_COLOR")).encode())
while kind := read(1):
    data = read(int.from_bytes(read(4), "big"))
    say(b"D", kind + data)
    if data == b"q" or data == b'{"type": "quit"}':
        break
    if data == b"crash":
        sys.exit("a reason\\x1b[2J")
    if data == b"too long":
        out.write(b"D\\xff\\xff\\xff\\xff")
        out.flush()
say(b"P", b"a file, which nobody has asked for")
say(b"M", b'{"type": "exit"}')
"""
