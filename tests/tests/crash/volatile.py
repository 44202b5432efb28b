"""nbdkit plugin: a disk whose writes are volatile until they are flushed.

    nbdkit python volatile.py image=FILE journal=FILE

FILE image has what was flushed. FILE journal has the writes since, in order, each as offset and length (8 bytes each, least
significant first) and the bytes; a flush carries them over and empties it. Killing nbdkit cuts the power: what of the journal had
reached the medium is for the test to choose.
"""

import os
import struct
import threading

import nbdkit

API_VERSION = 2
HEADER = struct.Struct("<QQ")
SECTOR = 512

paths = {}
lock = threading.Lock()


class Disk:
    def __init__(self):
        self.image = os.open(paths["image"], os.O_RDWR)
        self.journal = os.open(paths["journal"], os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.bytes = os.fstat(self.image).st_size
        self.pending = []
        self.sectors = {}


disk = None


def config(key, value):
    paths[key] = os.path.abspath(value)


def get_ready():
    global disk
    disk = Disk()


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(readonly):
    return 1


def get_size(handle):
    return disk.bytes


def can_write(handle):
    return True


def can_flush(handle):
    return True


def can_fua(handle):
    return nbdkit.FUA_EMULATE


def can_multi_conn(handle):
    return True


def block_size(handle):
    return (SECTOR, 4096, 1 << 25)


def pread(handle, buffer, offset, flags):
    with lock:
        data = bytearray(os.pread(disk.image, len(buffer), offset))
        for at in range(0, len(buffer), SECTOR):
            sector = disk.sectors.get(offset + at)
            if sector is not None:
                data[at : at + SECTOR] = sector
        buffer[:] = data


def pwrite(handle, buffer, offset, flags):
    with lock:
        data = bytes(buffer)
        assert offset % SECTOR == 0 and len(data) % SECTOR == 0
        os.write(disk.journal, HEADER.pack(offset, len(data)) + data)
        disk.pending.append((offset, data))
        for at in range(0, len(data), SECTOR):
            disk.sectors[offset + at] = data[at : at + SECTOR]


def flush(handle, flags):
    with lock:
        for offset, data in disk.pending:
            os.pwrite(disk.image, data, offset)
        disk.pending.clear()
        disk.sectors.clear()
        os.ftruncate(disk.journal, 0)
