"""Compiled kernels are kept, and what is kept is never run where it does not belong."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from numba import float64, int64, njit
from numba.core.bytecode import FunctionIdentity

import popsim
from popsim.errors import CacheWarning
from popsim.kernels import _cache
from popsim.kernels._cache import HEAD, Store, body_of, remove_unused

PACKAGE = Path(popsim.__file__).parent

#: Three of four persons, in percent: one small kernel, compiled in a second.
PROBE = """
import numpy as np
from popsim.kernels.ratios import percent_of
out = np.empty((1, 1))
percent_of(np.array([[[3.0], [4.0]]]), np.array([1.0, 0.0]), np.array([0.0, 1.0]), out)
print(out[0, 0])
"""

#: Life expectancy of two age groups. The kernel calls one of another module for the years that
#: those who die live, which are 1/m in the open group: 1 + (1 - 0.5) * 0.1 + 0.9 * 20 = 18.95.
UPGRADED = """
import numpy as np
from popsim.kernels.mortality import life_expectancy_row
m, line = np.array([0.1 / 0.95, 0.05]), np.array([[1.0, 0.5, 0.0]])
print(round(life_expectancy_row(m, np.array([1.0, np.inf]), line, line, 0, np.empty(2)), 9))
"""


def start(code, folder, *, package=PACKAGE.parent, **environment):
    """Begin to run code in a process of its own, as if popsim stood in ``package``."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_"))}
    if folder is not None:
        given["NUMBA_CACHE_DIR"] = str(folder)
    given |= {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, "-W", "always", "-c", code]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=package, env=given, stdout=pipe, stderr=pipe, text=True)


def finish(process):
    """What it printed, and how often it warned of the cache."""
    out, said = process.communicate()
    assert process.returncode == 0, said
    return out.strip(), said.count("CacheWarning:")


def run(code, folder, **options):
    return finish(start(code, folder, **options))


def kept(folder):
    return sorted(folder.rglob("*.nbc"))


@pytest.fixture
def package(tmp_path):
    """A copy of what kernels need, to be changed."""
    place = tmp_path / "site"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE / "kernels", place / "popsim" / "kernels", ignore=ignored)
    for name in ("__init__.py", "errors.py"):
        shutil.copy(PACKAGE / name, place / "popsim" / name)
    return place


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "kept")


def test_what_is_compiled_is_kept_and_taken(tmp_path):
    assert run(PROBE, tmp_path) == ("75.0", 0)
    (path,) = kept(tmp_path)
    before = path.stat()
    assert body_of(path.read_bytes()) is not None
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask(), "others may read it as any file"
    hits = "\nfrom popsim.kernels._cache import STORE\nassert STORE._used"
    assert run(PROBE + hits, tmp_path) == ("75.0", 0)
    assert path.stat().st_mtime_ns == before.st_mtime_ns, "it was not compiled again"


def umask():
    now = os.umask(0)
    os.umask(now)
    return now


@pytest.mark.slow
def test_an_upgrade_gives_the_new_answer(tmp_path, package):
    """An inner function in another module: the file of what is called stays the same."""
    path = package / "popsim" / "kernels" / "lifetable.py"
    first = path.read_text(encoding="utf-8")
    assert run(UPGRADED, tmp_path, package=package)[0] == "18.95"
    second = first.replace("a[-1] = 1.0 / m[-1]", "a[-1] = 2.0 / m[-1]")
    assert second != first
    path.write_text(second, encoding="utf-8")
    assert run(UPGRADED, tmp_path, package=package)[0] == "36.95"
    path.write_text(first, encoding="utf-8")
    assert run(UPGRADED, tmp_path, package=package) == ("18.95", 0)
    assert len({p.parent for p in kept(tmp_path)}) == 2, "each version has its folder"


@pytest.mark.slow
def test_a_new_version_with_the_same_kernels_has_a_folder_of_its_own(tmp_path, package):
    folder = "from popsim.kernels._cache import STORE\nprint(STORE.folder)"
    found = set()
    for version in ("0.1.0", "0.2.0"):
        shutil.rmtree(package / "popsim.dist-info", ignore_errors=True)
        (package / "popsim.dist-info").mkdir()
        told = f"Metadata-Version: 2.1\nName: popsim\nVersion: {version}\n"
        (package / "popsim.dist-info" / "METADATA").write_text(told)
        found.add(run(folder, tmp_path, package=package)[0])
    assert len(found) == 2


@pytest.mark.parametrize("part", _cache.environment())
def test_every_part_of_the_environment_is_in_the_key(part, monkeypatch):
    before, changed = _cache.key(), {**_cache.environment(), part: "another"}
    monkeypatch.setattr(_cache, "environment", lambda: changed)
    assert _cache.key.__wrapped__() != before


def test_all_sources_are_in_the_hash():
    kernels = PACKAGE / "kernels"
    named = dict(_cache._sources(kernels))
    assert set(named) == {p.relative_to(kernels).as_posix() for p in kernels.rglob("*.py")}
    assert all(content == (kernels / name).read_bytes() for name, content in named.items())


@pytest.mark.slow
def test_settings_that_change_the_code_have_folders_of_their_own(tmp_path):
    assert run(PROBE, tmp_path)[0] == run(PROBE, tmp_path, NUMBA_BOUNDSCHECK="1")[0] == "75.0"
    assert len({p.parent for p in kept(tmp_path)}) == 2


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    """Of machine code nobody else would see it."""
    at = len(content) * 3 // 4
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def of_other_making(content):
    """Whole, but what it holds cannot be unpickled."""
    body = b"\x80\x05not a pickle"
    return HEAD + hashlib.sha256(body).digest() + body


def empty(content):
    return b""


DAMAGES = [
    cut, flipped, of_other_making, empty,
    lambda content: b"\0" * len(content), lambda content: content[:5],
    lambda content: b"PK\x03\x04 of another program", lambda content: content + b"more",
]  # fmt: skip


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A folder with the compiled probe."""
    folder = tmp_path_factory.mktemp("compiled")
    assert run(PROBE, folder) == ("75.0", 0)
    return folder


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_seen(damage, compiled):
    (path,) = kept(compiled)
    content = damage(path.read_bytes())
    assert body_of(content) is None or damage is of_other_making


@pytest.mark.slow
@pytest.mark.parametrize("damage", [cut, empty, of_other_making])
def test_a_damaged_file_is_compiled_anew_with_one_warning(damage, compiled):
    (path,) = kept(compiled)
    path.write_bytes(damage(path.read_bytes()))
    assert run(PROBE, compiled) == ("75.0", 1)
    assert run(PROBE, compiled) == ("75.0", 0), "it was mended"
    assert kept(compiled) == [path]


def test_many_damaged_files_are_one_warning(store):
    store.folder.mkdir()
    for name in "ab":
        (store.folder / name).write_bytes(b"foreign")
    with pytest.warns(CacheWarning, match="cut off or not of popsim.*compiled anew") as said:
        assert store.read("a") is store.read("b") is None
    assert len(said) == 1
    store.write("a", b"good")
    assert store.read("a") == b"good"


def test_a_file_that_may_not_be_read_is_one_warning(store, monkeypatch):
    """As root reads everything, the refusal is made here."""
    store.write("a", b"good")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.warns(CacheWarning, match="Permission denied"):
        assert store.read("a") is None


@pytest.mark.parametrize("where", ["NUMBA_CACHE_DIR", "HOME"])
def test_no_place_to_write_is_one_warning_and_the_right_answer(where, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    (tmp_path / "temporary").mkdir()
    given = {where: str(tmp_path / "taken" / "x"), "TMPDIR": str(tmp_path / "temporary")}
    if where == "HOME":
        given |= {"LOCALAPPDATA": given["HOME"]}
    two = PROBE + PROBE.replace("(1, 1)", "(1, 1), np.float32")
    assert run(two, None, **given) == ("75.0\n75.0", 1)
    assert list((tmp_path / "temporary").iterdir()) == [], "the temporary folder is gone"


def test_no_home_is_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(Path("~", ".cache", "popsim"))
    assert not store.is_writable()
    with pytest.warns(CacheWarning, match="no home folder.*NUMBA_CACHE_DIR"):
        store.write("a", b"good")
    assert list(tmp_path.iterdir()) == []
    assert store.read("a") == b"good", "from the temporary folder"


def test_a_full_cache_that_may_only_be_read_serves_in_silence(store, monkeypatch):
    store.write("a", b"good")
    reader = Store(store.folder)

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    for changing in ("mkdir", "write_bytes", "replace", "unlink"):
        monkeypatch.setattr(Path, changing, refuse)
    monkeypatch.setattr(os, "utime", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reader.read("a") == b"good"
    with pytest.warns(CacheWarning, match="Read-only file system"):
        reader.write("b", b"more")


def test_nor_a_temporary_place(store, monkeypatch):
    def refuse(*_, **__):
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(_cache.tempfile, "mkdtemp", refuse)
    with pytest.warns(CacheWarning, match="cannot be kept"):
        store.write("a", b"good")
    store.write("a", b"good")  # it was said already
    assert store.read("a") is None


def test_a_full_disk_leaves_no_half_a_file(store, monkeypatch):
    store.folder.mkdir()

    def half(path, content):
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.warns(CacheWarning, match="No space left"):
        store.write("a", b"good" * 100)
    assert list(store.folder.iterdir()) == []


@pytest.mark.slow
def test_first_runs_at_once_are_each_right(tmp_path):
    """From an empty folder: nobody warns, and what they leave is whole."""
    assert [finish(p) for p in [start(PROBE, tmp_path) for _ in range(3)]] == [("75.0", 0)] * 3
    (path,) = kept(tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
    assert body_of(path.read_bytes()) is not None
    assert run(PROBE, tmp_path) == ("75.0", 0)


FACTORY = """
import numpy as np
from popsim.kernels._jit import jit, jit_inner


def make(width):
    # long enough, and called often enough, that the compiler does not write it into its callers
    @jit_inner
    def inner(x):
        sines, cosines = 0.0, 0.0
        for i in range(x.shape[0]):
            for k in range(width):
                if x[i] > k:
                    sines += np.sin(x[i]) * k
                elif x[i] < -k:
                    sines -= np.exp(x[i]) * k
                else:
                    sines += width
        for i in range(x.shape[0]):
            for k in range(width):
                if x[i] > k:
                    cosines += np.cos(x[i]) * k
                elif x[i] < -k:
                    cosines -= np.tan(x[i]) * k
                else:
                    cosines += width
        return sines + cosines

    return inner


of_three, of_five = make(3), make(5)


@jit
def three(x):
    return of_three(x) + of_three(x + 1.0) + of_three(x * 2.0)


@jit
def five(x):
    return of_five(x) + of_five(x + 1.0) + of_five(x * 2.0)
"""


@pytest.mark.slow
def test_functions_of_one_name_from_two_processes_are_told_apart(tmp_path, package):
    """Each compiled first in its process: by number they would have the same symbol."""
    (package / "popsim" / "kernels" / "factory.py").write_text(FACTORY)
    code = (
        "import numpy as np; from popsim.kernels import factory\n"
        "for name in '{}'.split(): print(getattr(factory, name)(np.arange(20.0) - 9.0))"
    )
    three, five = (run(code.format(n), tmp_path, package=package)[0] for n in ("three", "five"))
    assert three != five
    for names, found in (("three five", [three, five]), ("five three", [five, three])):
        assert run(code.format(names), tmp_path, package=package)[0].split() == found


def test_functions_of_a_factory_have_files_of_their_own():
    def make(width):
        @njit
        def inner(x):
            return x * width

        def outer(x):
            return inner(x)

        return inner.py_func, outer

    names = [_cache.KernelCache(f)._name((float64,))[0] for w in (3, 5) for f in make(w)]
    assert len(set(names)) == 4
    again = [_cache.KernelCache(f)._name((float64,))[0] for w in (3, 5) for f in make(w)]
    assert names == again
    assert _cache.KernelCache(make(3)[0])._name((int64,))[0] not in names


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_forked_processes_number_functions_from_elsewhere():
    found = []
    for _ in range(2):
        out, into = os.pipe()
        if (child := os.fork()) == 0:
            os.write(into, str(next(FunctionIdentity._unique_ids)).encode())
            os._exit(0)
        os.waitpid(child, 0)
        found.append(os.read(out, 99))
        os.close(out)
        os.close(into)
    assert found[0] != found[1]


@pytest.mark.slow
def test_an_edit_meanwhile_keeps_nothing(tmp_path, package):
    """The process has loaded one version, and another stands on the disk."""
    ratios = package / "popsim" / "kernels" / "ratios.py"
    edited = (
        "from popsim.kernels import ratios\n"
        f"with open({str(ratios)!r}, 'a') as file: file.write('# edited')\n"
    )
    assert run(edited + PROBE, tmp_path, package=package) == ("75.0", 0)
    assert kept(tmp_path) == []
    assert run(PROBE, tmp_path, package=package) == ("75.0", 0)
    assert len(kept(tmp_path)) == 1


def test_without_sources_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(_cache, "files", lambda _: tmp_path)
    assert _cache.hash_of_sources() is None
    monkeypatch.setattr(_cache, "files", lambda _: tmp_path / "absent")
    assert _cache.hash_of_sources() is None


def test_kernels_as_plain_python_need_no_cache(tmp_path):
    code = PROBE.replace("ratios import", "_jit import jit; from popsim.kernels.ratios import")
    code += "print(type(jit(lambda: 1)).__name__)"
    # jit_cells runs a compiled and a plain function alike
    assert run(code, tmp_path, NUMBA_DISABLE_JIT="1") == ("75.0\nfunction", 0)
    assert list(tmp_path.iterdir()) == []


def test_recompile_forgets_what_was_kept(tmp_path, package):
    (package / "popsim" / "kernels" / "one.py").write_text(
        "from popsim.kernels._jit import jit\nTIMES = 2.0\n@jit\ndef one(x): return TIMES * x\n"
    )
    code = "from popsim.kernels import one\none.one(1.0); one.TIMES = 3.0; one.one.recompile()\n"
    assert run(code + "print(one.one(1.0))", tmp_path, package=package)[0] == "3.0"


def test_folders_that_nobody_uses_go(tmp_path):
    day = 86400.0
    ages = {0: 0.0, 1: 3 * day, 2: 29 * day, 3: 31 * day}
    for name, age in ages.items():
        (tmp_path / f"{name:032x}").mkdir()
        (tmp_path / f"{name:032x}" / "a.nbc").write_bytes(b"old")
        os.utime(tmp_path / f"{name:032x}", (time.time() - age,) * 2)
    (tmp_path / "notes").mkdir()
    os.utime(tmp_path / "notes", (0.0, 0.0))
    os.utime(tmp_path / f"{0:032x}", (0.0, 0.0))
    remove_unused(tmp_path, f"{0:032x}")
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {f"{i:032x}" for i in (0, 1, 2)} | {"notes"}, "one's own, unused for long"


def test_of_many_folders_those_of_today_stay(tmp_path):
    for i in range(20):
        (tmp_path / f"{i:032x}").mkdir()
        age = 3600.0 if i < 12 else 2 * 86400.0
        os.utime(tmp_path / f"{i:032x}", (time.time() - age,) * 2)
    remove_unused(tmp_path, "in use")
    assert {int(p.name, 16) for p in tmp_path.iterdir()} == set(range(12))


def test_reading_marks_a_folder_as_used(store):
    store.write("a", b"good")
    os.utime(store.folder, (time.time() - 20 * 86400,) * 2)
    assert Store(store.folder).read("a") == b"good"
    assert time.time() - store.folder.stat().st_mtime < 3600


def test_the_hash_takes_milliseconds():
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        _cache.hash_of_sources()
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.02  # 1.2 ms on an idle machine; the rest is for a busy one


def test_other_dtypes_have_entries_of_their_own():
    from popsim.kernels.ratios import percent_of

    value = np.array([[[3.0], [4.0]]])
    for dtype in (np.float64, np.float32):
        out = np.empty((1, 1), dtype)
        percent_of(value.astype(dtype), np.array([1.0, 0.0]), np.array([0.0, 1.0]), out)
        assert out[0, 0] == 75.0
