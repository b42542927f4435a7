"""The test's side of clock.c: one clock a run, for the cluster and every stack above it."""
import mmap
import os
import struct
import subprocess
import time

from driver import ROOT, from_ms

PACE = 64   # real seconds in one of the town's while nobody moves the clock
SECOND = 1_000_000_000


class Clock:
    def __init__(self, folder):
        self.library, self.path = folder / "clock.so", folder / "clock"
        subprocess.run(["gcc", "-O1", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", str(self.library),
                        str(ROOT / "tests/scenarios/clock.c")], check=True)
        self.path.write_bytes(bytes(40))
        self.path.chmod(0o644)
        self.file = open(self.path, "r+b")
        self.memory = mmap.mmap(self.file.fileno(), 40)
        self.version = self.leapt = 0
        self.real, self.wall = time.monotonic_ns(), time.time_ns()
        self.write(self.real, self.wall)

    def write(self, real, wall):
        self.version += 2
        self.memory[0:8] = struct.pack("q", self.version - 1)
        self.memory[8:40] = struct.pack("qqqq", real, wall, self.leapt, PACE)
        self.memory[0:8] = struct.pack("q", self.version)
        self.real, self.wall = real, wall

    def read_ns(self):
        return self.wall + (time.monotonic_ns() - self.real) // PACE

    def now(self):
        return from_ms(self.read_ns() / 1_000_000)

    def set(self, moment):
        """Leap there. A leap back is for the next stack, whose daemon has yet to start: no monotonic clock sees it."""
        wall = int(moment.timestamp() * SECOND)
        self.leapt += max(0, wall - self.read_ns())
        self.write(time.monotonic_ns(), wall)

    def environment(self, program=None):
        """What a process needs to live by this clock; a program with the sanitizers needs their library first."""
        preload = [str(self.library)]
        if program and b"__asan_init" in program.read_bytes():
            preload.insert(0, subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip())
        return {"LD_PRELOAD": ":".join(preload), "SCENARIO_CLOCK": str(self.path)}

    def close(self):
        self.memory.close()
        self.file.close()
        os.unlink(self.path)
