"""The socket of a service manager: prints each message as one line of JSON, with the process that sent it.

When a message has READY=1, it tries at once whether the given port accepts connections, as a unit ordered after the service would.
Usage: notify-receiver.py SOCKET PORT   (a SOCKET that begins with @ is in the abstract namespace)
"""
import json
import socket
import struct
import sys

path, port = sys.argv[1], int(sys.argv[2])
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
receiver.bind("\0" + path[1:] if path.startswith("@") else path)
print(json.dumps({"listening": True}), flush=True)
while True:
    data, control, _, _ = receiver.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")))
    pid = struct.unpack("3i", control[0][2])[0]
    lines = data.decode().split("\n")
    accepts = None
    if "READY=1" in lines:
        with socket.socket() as client:
            accepts = client.connect_ex(("127.0.0.1", port)) == 0
    print(json.dumps({"pid": pid, "lines": lines, "accepts": accepts}), flush=True)
