"""Attacks by hostile code. Each prints ESCAPED with the name of the attempt that succeeded, if any did."""

from dataclasses import dataclass, field

PRELUDE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
arm = os.uname().machine == "aarch64"
def number(x86, aarch64):
    return aarch64 if arm else x86
def attempt(what, function, *arguments):
    try:
        found = function(*arguments)
    except BaseException as error:
        return None
    if found is None or found is False or (isinstance(found, int) and not isinstance(found, bool) and found < 0):
        return None
    print("ESCAPED by", what, repr(found)[:200], flush=True)
"""


@dataclass(frozen=True)
class Attack:
    """Hostile code, and the ways in which its run may end."""

    code: str
    ends: tuple[str, ...] = ("ok",)
    landlock_ends: tuple[str, ...] = field(default=())
    """The ways under Landlock, where nothing can be written, if they differ."""


ANY = ("ok", "error", "oom", "crashed", "timeout")

ATTACKS: dict[str, Attack] = {
    "read host files": Attack(
        """
paths = ["/etc/passwd", "/etc/shadow", "/etc/hostname", "/var/log", "/home", "/etc", SECRET_FILE, HERE]
for path in [*paths, "/proc/1/environ", "/proc/self/environ"]:
    attempt(path, lambda: open(path, "rb").read())
    attempt(path, os.listdir, path)
    attempt(path, lambda: open(os.path.join("/proc/self/root", path.lstrip("/")), "rb").read())
"""
    ),
    "read the host's environment": Attack(
        """
text = repr(dict(os.environ)) + repr([libc.getenv(b"SECRET")])
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
index = 0
while environ[index] is not None:
    text += repr(environ[index])
    index += 1
attempt("environ", lambda: "hunter2" in text or "SECRET=" in text)
attempt("proc", lambda: open("/proc/self/environ").read())
attempt("proc", lambda: open(f"/proc/{os.getppid()}/environ").read())
"""
    ),
    "write outside": Attack(
        """
import sympy, json
places = [OPEN_FOLDER + "/new", SECRET_FILE, "/new", "/dev/shm/new", "/dev/new", "/usr/new", "/etc/new", "/var/tmp/new"]
for path in [*places, sympy.__file__, json.__file__, HERE + "/new"]:
    attempt(path, lambda: open(path, "ab").write(b"x"))
    attempt(path, lambda: os.open(path, os.O_CREAT | os.O_RDWR))
    attempt(path, lambda: os.chmod(path, 0o777) is None)
    attempt(path, lambda: os.utime(path, (1, 1)) is None)
    attempt(path, lambda: os.truncate(path, 0) is None)
    attempt(path, lambda: os.rename(path, path + ".old") is None)
    attempt(path, lambda: os.unlink(path) is None)
    attempt(path, lambda: os.mkdir(path + "d") is None)
    attempt(path, lambda: os.symlink("/", path + "l") is None)
    attempt(path, lambda: os.setxattr(path, "user.x", b"1") is None)
    attempt(path, lambda: os.mkfifo(path + "f") is None)
fd = os.open("/usr", os.O_RDONLY)
attempt("fchmod", lambda: os.fchmod(fd, 0o777) is None)
import fcntl
attempt("flock", lambda: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB) is None)
attempt("lockf", lambda: fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB) is None)
"""
    ),
    "sockets": Attack(
        """
import socket
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET, 40):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        attempt(f"socket {family} {kind}", socket.socket, family, kind)
attempt("tcp", socket.create_connection, ("127.0.0.1", PORT), 1)
attempt("socketpair inet", socket.socketpair, socket.AF_INET)
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
for name in (ABSTRACT, ABSTRACT.encode()):
    attempt("abstract connect", lambda: one.connect(name) is None)
    attempt("abstract sendto", one.sendto, b"x", name)
    attempt("abstract bind", lambda: one.bind("\\0mine") is None)
attempt("sendmsg", one.sendmsg, [b"x"], [], 0, ABSTRACT)
attempt("passing a descriptor", lambda: socket.send_fds(one, [b"x"], [1]))
"""
    ),
    "fork bomb and daemon": Attack(
        """
import subprocess, multiprocessing, threading
for _ in range(100):
    attempt("fork", os.fork)
for name in ("fork", "vfork"):
    attempt(name, getattr(libc, name))
for flags in (17, 0x4000 | 0x100 | 17, 0x10000000 | 17, 0x100 | 0x800 | 0x20000000):
    attempt("clone", libc.syscall, number(56, 220), flags, 0, 0, 0, 0)
if not arm:
    for call in (57, 58, 57 | 0x40000000, 0x40000000 | 58, 0x40000000 | 520):
        attempt("another way to fork", libc.syscall, ctypes.c_long(call), 0, 0, 0, 0, 0)
attempt("clone3", libc.syscall, 435, (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17), 64)
attempt("subprocess", subprocess.check_output, ["/usr/bin/env"])
attempt("system", lambda: os.system("true") == 0)
attempt("posix_spawn", os.posix_spawn, "/usr/bin/env", ["env"], {})
attempt("multiprocessing", lambda: multiprocessing.Process(target=print).start() is None)
attempt("exec", os.execv, sys.executable or "/usr/bin/env", ["x"])
attempt("setsid", os.setsid)
attempt("setpgid", lambda: os.setpgid(0, 0) is None)
attempt("daemon", libc.daemon, 0, 0)
"""
    ),
    "thread bomb": Attack(
        """
import threading, time
threading.stack_size(32768)
while True:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
""",
        ANY,
    ),
    "10 GB in one piece": Attack("x = bytearray(10 << 30); x[::4096] = b'x' * len(x[::4096])", ("oom",)),
    "10 GB in numpy": Attack("import numpy; numpy.ones((10 << 30,), dtype='u1')", ("oom",)),
    "10 GB bit by bit": Attack("x = []\nwhile True: x.append(bytearray(1 << 20))", ("oom",)),
    "10 GB shared": Attack(
        """
import mmap
attempt("shared memory", lambda: bool(mmap.mmap(-1, 10 << 30)))
attempt("memfd", os.memfd_create, "x")
attempt("shmget", libc.syscall, number(29, 194), 0, 4096, 0o1777)
pipes, total = [], 0
while True:
    try:
        pipe = os.pipe()
    except OSError:
        break
    pipes.append(pipe)
attempt("descriptors", lambda: len(pipes) > 64)
"""
    ),
    "endless loop": Attack("while True: pass", ("timeout",)),
    "endless loop that catches everything": Attack(
        """
import signal
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try:
        while True: pass
    except BaseException: pass
""",
        ("timeout",),
    ),
    "sleep": Attack("import time; time.sleep(10**6)", ("timeout",)),
    "9**9**9": Attack("print(9**9**9)", ("timeout", "oom")),
    "1 GB of output": Attack(
        "block = b'x' * (1 << 20)\nfor _ in range(1 << 10): os.write(1, block)", ("output_limit",)
    ),
    "1 GB of errors": Attack(
        "block = 'x' * (1 << 20)\nfor _ in range(1 << 10): sys.stderr.write(block)", ("output_limit",)
    ),
    "1 GB in an exception": Attack("raise ValueError('x' * (100 << 20))", ("error",)),
    "fill the disk": Attack(
        """
total = 0
try:
    for n in range(10**6):
        with open(f"/tmp/{n}", "wb") as file:
            for _ in range(16):
                total += file.write(b"x" * (1 << 20))
except OSError as error:
    print("refused")
attempt("writing", lambda: total > 70 << 20)
"""
    ),
    "fill the disk with empty files": Attack(
        """
try:
    for n in range(10**7):
        os.close(os.open(f"/tmp/{n}", os.O_CREAT | os.O_WRONLY))
except PermissionError:
    print("refused")
""",
        ("output_limit",),
        ("ok",),
    ),
    "bury the disk in folders": Attack(
        """
try:
    os.chdir("/tmp")
    for n in range(3000):
        os.mkdir("d")
        os.chdir("d")
    os.chmod("/tmp/d", 0)
    os.chmod("/tmp", 0)
except PermissionError:
    print("refused")
""",
    ),
    "kill and trace the parent": Attack(
        """
import signal, resource, fcntl
parent = os.getppid()
for pid in (parent, 1, 2, -1, 0, DRIVER):
    for sent in (9, 15, 19, 0):
        attempt(f"kill {pid}", lambda: os.kill(pid, sent) is None)
        attempt(f"tkill {pid}", libc.syscall, number(200, 130), pid, sent)
        attempt(f"tgkill {pid}", libc.syscall, number(234, 131), pid, pid, sent)
        attempt(f"sigqueue {pid}", libc.syscall, number(129, 138), pid, sent, ctypes.create_string_buffer(128))
    attempt("pidfd", os.pidfd_open, pid)
    attempt("ptrace", libc.ptrace, 16, pid, 0, 0)
    attempt("ptrace seize", libc.ptrace, 0x4206, pid, 0, 0)
    attempt("process_vm_readv", libc.process_vm_readv, pid, 0, 0, 0, 0, 0)
    attempt("process_vm_writev", libc.process_vm_writev, pid, 0, 0, 0, 0, 0)
    attempt("prlimit", lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)) if pid > 0 else None)
    attempt("setpriority", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19) is None)
    attempt("affinity", lambda: os.sched_setaffinity(pid, {0}) is None)
    attempt("kcmp", libc.syscall, number(312, 272), os.getpid(), pid, 0, 0, 0)
attempt("killpg", lambda: os.killpg(os.getpgid(parent), 9) is None)
reader, writer = os.pipe()
attempt("F_SETOWN", fcntl.fcntl, reader, fcntl.F_SETOWN, parent)
attempt("F_SETSIG", fcntl.fcntl, reader, fcntl.F_SETSIG, 9)
attempt("FIOSETOWN", fcntl.ioctl, reader, 0x8901, parent)
attempt("mem", lambda: open(f"/proc/{parent}/mem", "r+b"))
attempt("mem", lambda: open("/proc/self/mem", "r+b"))
"""
    ),
    "symlink out of scratch": Attack(
        """
try:
    os.symlink(OPEN_FOLDER, "/tmp/folder")
    os.symlink(SECRET_FILE, "/tmp/file")
    os.symlink("/usr", "/tmp/usr")
    os.symlink("/", "/tmp/root")
    os.mkdir("/tmp/deep")
    os.symlink(OPEN_FOLDER, "/tmp/deep/folder")
except OSError:
    pass
attempt("link", lambda: open("/tmp/file").read())
attempt("link", lambda: os.listdir("/tmp/folder"))
attempt("link", lambda: open("/tmp/folder/new", "w"))
attempt("hard link", lambda: os.link("/usr/bin/env", "/tmp/env") is None)
attempt("up", lambda: os.listdir("/tmp/../../../../etc"))
"""
    ),
    "recursion that overruns the stack": Attack(
        """
sys.setrecursionlimit(10**9)
nested = ()
for _ in range(3 * 10**5):
    nested = (nested,)
hash(nested)
""",
        ("crashed",),
    ),
    "a null pointer": Attack("ctypes.string_at(0)", ("crashed",)),
    "an abort": Attack("os.abort()", ("crashed",)),
    "new namespaces": Attack(
        """
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000, 0x80):
    attempt(f"unshare {flag:x}", libc.unshare, flag)
    attempt(f"clone {flag:x}", libc.syscall, number(56, 220), ctypes.c_ulong(flag | 17), 0, 0, 0, 0)
    attempt(f"clone thread {flag:x}", libc.syscall, number(56, 220), ctypes.c_ulong(flag | 0x10000), 0, 0, 0, 0)
attempt("setns", libc.setns, 0, 0)
attempt("mount", libc.mount, b"x", b"/tmp", b"tmpfs", 0, None)
attempt("umount", libc.umount2, b"/usr", 2)
attempt("chroot", lambda: os.chroot("/usr") is None)
attempt("pivot_root", libc.syscall, number(155, 41), b"/tmp", b"/tmp")
attempt("fsopen", libc.syscall, 430, b"tmpfs", 0)
attempt("open_tree", libc.syscall, 428, -100, b"/", 1)
attempt("sethostname", libc.sethostname, b"x", 1)
attempt("setuid", lambda: os.setuid(1234) is None)
attempt("setgroups", lambda: os.setgroups([]) is None)
"""
    ),
    "doors of the kernel": Attack(
        """
attempt("io_uring_setup", libc.syscall, 425, 1, ctypes.create_string_buffer(256))
attempt("bpf", libc.syscall, number(321, 280), 0, ctypes.create_string_buffer(256), 72)
attempt("perf_event_open", libc.syscall, number(298, 241), ctypes.create_string_buffer(256), 0, -1, -1, 0)
attempt("userfaultfd", libc.syscall, number(323, 282), 1)
attempt("add_key", libc.syscall, number(248, 217), b"user", b"name", b"data", 4, -2)
attempt("keyctl", libc.syscall, number(250, 219), 0, -3, 1)
attempt("msgget", libc.syscall, number(68, 186), 0, 0o1777)
attempt("semget", libc.syscall, number(64, 190), 0, 1, 0o1777)
attempt("mq_open", libc.syscall, number(240, 180), b"name", 0o102, 0o777, None)
attempt("personality", libc.syscall, number(135, 92), 0xFFFFFFFF)
attempt("seccomp", libc.prctl, 22, 0, 0, 0, 0)
attempt("dumpable", libc.prctl, 4, 1, 0, 0, 0)
attempt("pdeathsig", libc.prctl, 1, 0, 0, 0, 0)
attempt("no_new_privs off", libc.prctl, 38, 0, 0, 0, 0)
attempt("landlock", libc.syscall, 444, None, 0, 1)
attempt("inotify", libc.inotify_init)
attempt("fanotify", libc.syscall, number(300, 262), 0, 0)
attempt("timer with a signal for another", libc.syscall, number(222, 107), 0, None, ctypes.create_string_buffer(8))
attempt("open_by_handle_at", libc.syscall, number(304, 265), -100, ctypes.create_string_buffer(64), 0)
attempt("syslog", libc.klogctl, 10, None, 0)
attempt("reboot", libc.reboot, 0)
attempt("settime", libc.syscall, number(227, 112), 0, ctypes.create_string_buffer(16))
attempt("an unknown call", libc.syscall, 600, 0)
import resource
for kind in ("AS", "CPU", "FSIZE", "NOFILE", "CORE"):
    kind = getattr(resource, f"RLIMIT_{kind}")
    attempt("a higher limit", lambda: resource.setrlimit(kind, (resource.RLIM_INFINITY,) * 2) is None)
attempt("TIOCSTI", lambda: __import__("fcntl").ioctl(0, 0x5412, b"x"))
attempt("tty", lambda: open("/dev/tty"))
"""
    ),
    "descriptor theft": Attack(
        """
for fd in range(3, 4096):
    attempt(f"descriptor {fd}", lambda: bool(os.fstat(fd)))
for pid in (os.getppid(), 1, 2, DRIVER):
    attempt("proc", os.listdir, f"/proc/{pid}/fd")
    for fd in range(64):
        attempt("proc", lambda: open(f"/proc/{pid}/fd/{fd}", "r+b", 0))
        attempt("a link", os.readlink, f"/proc/{pid}/fd/{fd}")
for fd in range(3, 64):
    attempt("dev", lambda: open(f"/dev/fd/{fd}", "r+b", 0))
attempt("pidfd_getfd", libc.syscall, 438, 0, 0, 0)
""",
    ),
    "write to whatever is open": Attack(
        """
for fd in range(0, 256):
    if fd in (1, 2): continue
    try: os.write(fd, b"\\0\\0\\0\\0\\0\\0\\0\\2{}" * 100)
    except OSError: pass
"""
    ),
    "fake a success": Attack("print('42'); sys.stdout.flush(); os._exit(0)", ("crashed",)),
    "close everything": Attack("os.closerange(0, 4096)", ("ok", "error")),
    "replace the streams": Attack("sys.stdout = sys.stderr = None\ndel sys.stdin\nsys.exit = None", ("ok", "error")),
    "patch the zygote's modules": Attack(
        """
import builtins, json, sympy, longthought.tools.sandbox.wire as wire, longthought.tools.sandbox.zygote as zygote
for module in (wire, zygote, json, os, builtins, sympy):
    for name in list(vars(module)):
        if not name.startswith("__") and name not in ("setattr", "list", "vars", "BaseException"):
            try: setattr(module, name, None)
            except BaseException: pass
""",
        ANY,
    ),
}


SEARCH = """
import ctypes, gc, os
libc = ctypes.CDLL(None)
libc.mincore.argtypes = [ctypes.c_size_t, ctypes.c_size_t, ctypes.c_char_p]
libc.write.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t]
reader, writer = os.pipe()
state = ctypes.create_string_buffer(1)
def page(number):
    if libc.mincore(number << 12, 4096, state) or libc.write(writer, number << 12, 4096) != 4096:
        return None  # not there, or not to be read, which write() says without a crash
    return os.read(reader, 4096)
def found():
    seen = set()
    objects = gc.get_objects()
    for start in {id(thing) >> 12 for thing in [*objects, *gc.get_referents(*objects)]}:
        for direction in (1, -1):
            number = start if direction == 1 else start - 1
            while number not in seen:
                seen.add(number)
                data = page(number)
                if data is None: break
                where = data.find(b"the-secret-")
                while where >= 0:
                    if data[where + 11:where + 21] == bytes(c ^ 1 for c in b"ng,\\x60onuids"): return True
                    where = data.find(b"the-secret-", where + 1)
    return False
"""
"""Searches all memory that it can reach for a phrase that it doesn't itself hold in one piece."""
KEEP = "kept = ['-'.join(['the', 'secret', 'of', 'another']) for _ in range(200)]"
"""Leaves the phrase where the search must find it."""
