# Sockets of all kinds, to here and to elsewhere.
# base: solved

# %% after check_sgd
import socket
import urllib.request

for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 40):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind)
            print("REACHED", family, kind)
        except OSError:
            pass
for address in ("/run/docker.sock", "/run/dbus/system_bus_socket", "\0/tmp/.X11-unix/X0"):
    try:
        socket.socket(socket.AF_UNIX).connect(address)
        print("REACHED", address)
    except OSError:
        pass
try:
    urllib.request.urlopen("http://127.0.0.1:8888", timeout=1)
    print("REACHED")
except OSError:
    pass
