"""The cache of compiled kernels: kept between runs, and never run where it does not belong.

Numba's own cache looks at the file of a function alone. It runs old machine code after an edit to
what the function calls, and fails for ever on a file that is cut off. Two processes that compile
for it at once can give two functions the same name, of which a third process then runs one in the
place of the other. Here

- a folder holds what one version of the kernels made in one environment: its name is a hash of
  all kernel sources, the versions of popsim, Python, NumPy, Numba and llvmlite, the processor,
  and Numba's settings;
- a file holds one function for one signature, headed by a hash of itself. It is written under
  another name and moved to its place whole;
- what is damaged is compiled anew, and where nothing can be written a temporary folder serves,
  each with one warning a process.
"""

from __future__ import annotations

import atexit
import hashlib
import itertools
import os
import pickle
import re
import shutil
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from numba import config
from numba.core import sigutils
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from popsim.errors import CacheWarning

__all__ = ["HEAD", "STORE", "SUFFIX", "Store", "body_of", "environment", "keep", "key", "root"]

SUFFIX = ".nbc"

HEAD = b"popsim kernel 1\n"
_DIGEST = hashlib.sha256().digest_size

#: Settings of Numba that change the machine code, beside the processor's.
_SETTINGS = (
    "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "USING_SVML",
)  # fmt: skip

#: Folders of other keys go when nobody has used them for so long [seconds], and those beyond so
#: many, which an afternoon of edits makes, on the next day.
_UNUSED, _MANY, _DAY = 30 * 86400.0, 10, 86400.0
_FOLDER = re.compile(r"[0-9a-f]{32}")


def _sources(folder: Traversable, within: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _sources(entry, f"{within}{entry.name}/")
        elif entry.name.endswith((".py", ".pyc")):
            yield within + entry.name, entry.read_bytes()


def hash_of_sources() -> str | None:
    """Hash of all modules of kernels as they stand on the disk, or None where they do not.

    Takes about a millisecond.
    """
    hasher = hashlib.sha256()
    named = ""
    try:
        for named, content in _sources(files("popsim.kernels")):
            hasher.update(f"{named}\0{len(content)}\0".encode())
            hasher.update(content)
    except OSError:
        return None
    return hasher.hexdigest() if named else None


#: Taken before the first kernel is imported: what is read later may be of another version.
_LOADED = hash_of_sources()


@cache
def environment() -> dict[str, str]:
    """All that machine code depends on: the parts of the key, by name."""
    try:
        popsim = version("popsim")
    except PackageNotFoundError:
        popsim = "0+unknown"
    triple, processor, features = cpu_target.target_context.codegen().magic_tuple()
    return {
        "kernels": _LOADED or "unknown",
        "popsim": popsim,
        "python": sys.version,
        "numpy": np.__version__,
        "numba": numba.__version__,
        "llvmlite": llvmlite.__version__,
        "processor": f"{triple} {processor} {features}",
        "settings": " ".join(f"{name}={getattr(config, name, None)}" for name in _SETTINGS),
    }


@cache
def key() -> str:
    """Name of the folder: a hash of the :func:`environment`."""
    told = "\0".join(f"{name}={value}" for name, value in environment().items())
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def root() -> Path:
    """Where the folders of all keys stand.

    Within ``NUMBA_CACHE_DIR`` if that is set; else where the platform keeps what programs can
    make anew, such as ``~/.cache/popsim``.
    """
    given = config.CACHE_DIR  # type: ignore[attr-defined]
    if given:
        return Path(given).absolute() / "popsim"
    return Path(AppDirs("popsim", appauthor=False).user_cache_dir)


def body_of(content: bytes) -> bytes | None:
    """What a file of the cache holds, or None if it is not whole or not of ours.

    Examples
    --------
    >>> body_of(b"cut off") is None
    True
    """
    at = len(HEAD) + _DIGEST
    body = content[at:]
    whole = content[:at] == HEAD + hashlib.sha256(body).digest()
    return body if whole else None


class Store:
    """Folder from which a process takes compiled kernels and to which it gives them.

    Parameters
    ----------
    folder : Path, optional
        That of the key if absent.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder
        self._temporary: Path | None = None
        self._warned = self._used = False

    @property
    def folder(self) -> Path:
        """The lasting folder, whether or not it can be written to."""
        return self._given or root() / key()

    def read(self, name: str) -> bytes | None:
        """What was written under a name; None if nothing was, or if it is damaged."""
        for folder in (self._temporary, self.folder):
            if folder is None:
                continue
            try:
                content = (folder / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                self.warn_of_damage(name, error.strerror or str(error))
                continue
            body = body_of(content)
            if body is not None:
                self._mark_as_used()
                return body
            self.warn_of_damage(name, "it is cut off or not of popsim")
        return None

    def write(self, name: str, body: bytes) -> None:
        """Write under a name, whole or not at all; in a temporary folder if there is no way."""
        content = b"".join((HEAD, hashlib.sha256(body).digest(), body))
        if self._temporary is None:
            try:
                self._write_to(self.folder, name, content)
                return
            except OSError as error:
                self._temporary = _temporary_folder()
                self._warn(
                    f"compiled kernels cannot be kept in {self.folder} "
                    f"({error.strerror or error}): every process compiles them anew. Set "
                    "NUMBA_CACHE_DIR to a folder that you may write to"
                )
        if self._temporary is not None:
            with suppress(OSError):  # it was said already
                self._write_to(self._temporary, name, content)

    def warn_of_damage(self, name: str, why: str) -> None:
        """Warn that a file cannot be used, and that its kernel is compiled anew."""
        self._warn(
            f"a compiled kernel cannot be used, {self.folder / name} ({why}): it is compiled anew. "
            "If that comes again, delete the folder; popsim doctor says what stands in it"
        )

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(text, CacheWarning, stacklevel=2)

    def is_writable(self) -> bool:
        """Whether what is compiled can be kept in the lasting folder; makes the folder."""
        try:
            self._make(self.folder)
            with tempfile.TemporaryFile(dir=self.folder):
                return True
        except OSError:
            return False

    def _make(self, folder: Path) -> None:
        if not folder.is_absolute():  # there is no home: "~" would be a folder of that name
            raise FileNotFoundError(2, "there is no home folder")
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            remove_unused(folder.parent, folder.name)

    def _write_to(self, folder: Path, name: str, content: bytes) -> None:
        self._make(folder)
        unfinished = folder / f"{name}.{uuid.uuid4().hex}"
        try:
            unfinished.write_bytes(content)
            try:
                unfinished.replace(folder / name)
            except PermissionError:
                # Windows, where another process that made the same is about to read it
                if not (folder / name).is_file():
                    raise
        finally:
            with suppress(OSError):  # as it should be: it has been moved
                unfinished.unlink()

    def _mark_as_used(self) -> None:
        if not self._used:
            self._used = True
            with suppress(OSError):  # a folder that is only read is nobody's to remove either
                if time.time() - self.folder.stat().st_mtime > _DAY:
                    os.utime(self.folder)


def _temporary_folder() -> Path | None:
    """A folder that goes with the process; what it forks reads and writes there too."""
    try:
        made = Path(tempfile.mkdtemp(prefix="popsim-"))
    except OSError:
        return None
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(remove)
    return made


def remove_unused(place: Path, used: str) -> None:
    """Remove folders of other keys, of one's own, that nobody has used for long."""
    now, others = time.time(), []
    with suppress(OSError):
        for entry in os.scandir(place):
            with suppress(OSError):
                named = _FOLDER.fullmatch(entry.name) and entry.name != used
                if named and entry.is_dir(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    if not hasattr(os, "getuid") or found.st_uid == os.getuid():
                        others.append((now - found.st_mtime, entry.path))
    for rank, (unused, path) in enumerate(sorted(others), start=2):  # the first is the one in use
        if unused > _UNUSED or (rank > _MANY and unused > _DAY):
            shutil.rmtree(path, ignore_errors=True)


#: That of this process.
STORE = Store()


class KernelCache(NullCache):
    """What Numba asks for machine code of one function, and gives it."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._stem = f"{function.__module__}.{function.__qualname__}".removeprefix(
            "popsim.kernels."
        ).replace("<locals>.", "")

    @property
    def cache_path(self) -> str:
        """Folder of the cache, as Numba's statistics print it."""
        return str(STORE.folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for a signature, or None: then it is compiled."""
        target_context.refresh()  # of which the code needs the symbols
        if _LOADED is None:
            return None
        name, signature = self._name(sig)
        body = STORE.read(name)
        if body is None:
            return None
        try:
            of, payload = pickle.loads(body)
            return CompileResult._rebuild(target_context, *payload) if of == signature else None
        except Exception as error:  # whatever unpickling meets
            STORE.warn_of_damage(name, f"{type(error).__name__}: {error}")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature."""
        if data.library.has_dynamic_globals or any(not x.can_cache for x in data.lifted):
            return  # it holds addresses of this process
        if _LOADED is None or hash_of_sources() != _LOADED:
            return  # edited or upgraded meanwhile: nobody knows of which version this is
        name, signature = self._name(sig)
        STORE.write(name, dumps((signature, data._reduce())))

    def flush(self) -> None:
        """Forget all signatures of the function, as before ``recompile``."""
        with suppress(OSError):
            for path in STORE.folder.glob(f"{self._stem}-*{SUFFIX}"):
                path.unlink()

    def _name(self, sig: Any) -> tuple[str, Any]:
        signature = sigutils.normalize_signature(sig)
        told = (self._stem, *_of(self._function), str(signature))
        digest = hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]
        return f"{self._stem}-{digest}{SUFFIX}", signature


def _of(function: Any) -> Iterator[str]:
    """What tells functions of the same sources and the same name from each other."""
    code = function.__code__
    yield f"{code.co_firstlineno} {hashlib.sha256(code.co_code).hexdigest()}"
    for cell in function.__closure__ or ():
        captured = cell.cell_contents
        if isinstance(captured, Dispatcher):
            yield from _of(captured.py_func)
        else:
            yield hashlib.sha256(dumps(captured)).hexdigest()


def keep(compiled: Any) -> Any:
    """Have a function that Numba compiles kept between runs; returns the same function."""
    if isinstance(compiled, Dispatcher):  # plain Python under NUMBA_DISABLE_JIT
        compiled._cache = KernelCache(compiled.py_func)  # type: ignore[attr-defined]
    return compiled


def number_anew() -> None:
    """Number functions from somewhere that no other process begins at.

    Numba tells functions of the same name and types, such as those that a factory makes, by the
    number of functions compiled before. Machine code of two processes has then the same symbol
    for different code, and whoever loads both runs the first of them under both names.
    """
    start = int.from_bytes(os.urandom(6), "big") + 2**32  # beyond what was numbered before
    FunctionIdentity._unique_ids = itertools.count(start)


number_anew()
if hasattr(os, "register_at_fork"):  # else two children go on with the same numbers
    os.register_at_fork(after_in_child=number_anew)
