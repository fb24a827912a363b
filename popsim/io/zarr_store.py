"""Write a lazy result block by block to Zarr, on a cluster if there is one, and go on after a stop.

Until it is whole a store stands in a folder with the ending ``.part``; then it is moved out. What
is finished is noted beside it, so a run that was killed goes on where it stopped, and a reader
cannot take half a store for a whole one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import xarray as xr

from popsim.errors import InputError, MissingExtraError, OutputError, SchedulerError, did_you_mean
from popsim.io.write import check_writable, replacing

#: Longest that a call waits for a scheduler's first answer [seconds].
PATIENCE = 30.0

#: Within the folder of an unfinished run: its data, and what is known of it.
_STORE, _NOTES = "store", "notes"


def connect(address: str, *, timeout: float = PATIENCE) -> Any:
    """Connect to a scheduler, or say after ``timeout`` that it does not answer.

    Parameters
    ----------
    address : str
        Such as "tcp://10.0.0.5:8786".
    timeout : float
        [seconds]

    Returns
    -------
    distributed.Client
        Active from now on: lazy results are computed there.

    Raises
    ------
    SchedulerError
        Nobody answers at the address.
    MissingExtraError
        distributed is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise _needs_extra("distributed") from error
    try:
        return Client(address, timeout=timeout)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise SchedulerError(
            "the scheduler does not answer",
            where=address,
            got=f"{type(error).__name__} within {timeout:g} seconds",
            fix="is it running, and is the address the one that it printed?",
        ) from error


def write_zarr(
    result: xr.Dataset,
    target: str | PathLike[str],
    *,
    along: str = "region",
    client: Any | None = None,
) -> Path:
    """Compute a lazy result and write it to Zarr block by block.

    Parameters
    ----------
    result : xarray.Dataset
        From ``popsim.simulate(..., chunks={"region": ...})`` or :func:`popsim.project` with
        dask-backed inputs.
    target : path
        Folder of the store. Until it is finished it stands in another with ``.part`` added to the
        name; call again with the same result to go on after a stop, without what is finished.
    along : str
        The dim whose chunks are written one by one.
    client : distributed.Client, optional
        Computes the blocks; the active one if absent, and this process if there is none.

    Returns
    -------
    Path
        The finished store.

    Raises
    ------
    InputError
        The result is not in chunks along the dim.
    OutputError
        The store exists already, or an unfinished one is of another run.
    SchedulerError
        The client has lost its scheduler.
    MissingExtraError
        dask or zarr is not installed.

    Examples
    --------
    >>> import tempfile, numpy as np, xarray as xr
    >>> lazy = xr.Dataset({"births": ("region", np.arange(4.0))}).chunk(region=2)
    >>> path = write_zarr(lazy, f"{tempfile.mkdtemp()}/run.zarr")
    >>> read_zarr(path).births.values.tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    try:
        import zarr
    except ImportError as error:
        raise _needs_extra("zarr") from error
    path = Path(target)
    if path.exists():
        raise OutputError(
            "there is something of this name already",
            where=str(path),
            allowed="a name that is free, or that of a run that was stopped",
            fix="choose another name, or remove it",
        )
    blocks = _blocks(result, along)
    part = path.with_name(path.name + ".part")
    _prepare(result, part, along)
    done = {p.stem for p in (part / _NOTES).glob("*.done")}
    varying = result[[n for n, v in result.data_vars.items() if along in v.dims]]
    todo = {name: block for name, block in blocks.items() if name not in done}
    for name, computed in _computed(varying, along, todo, _client(client)):
        block = todo[name]
        computed = computed.drop_vars([c for c in computed.coords if along not in computed[c].dims])
        computed.to_zarr(part / _STORE, region={along: block}, consolidated=False)
        with replacing(part / _NOTES / f"{name}.done") as temporary:
            temporary.write_text("written\n")
    zarr.consolidate_metadata(part / _STORE, zarr_format=2)
    (part / _STORE).replace(path)
    shutil.rmtree(part)
    return path


def read_zarr(source: str | PathLike[str]) -> xr.Dataset:
    """Open a store that :func:`write_zarr` finished.

    Raises
    ------
    OutputError
        The store is unfinished, or there is none.
    """
    path = Path(source)
    part = path if path.suffix == ".part" else path.with_name(path.name + ".part")
    if part.exists():
        raise OutputError(
            "the store is half-written",
            where=str(part),
            got=f"{len(list((part / _NOTES).glob('*.done')))} finished blocks",
            fix="call write_zarr again with the same result: it goes on where it stopped",
        )
    if not path.exists():
        raise OutputError("there is no such store", where=str(path))
    return xr.open_zarr(path, consolidated=True)


def _blocks(result: xr.Dataset, along: str) -> dict[str, slice]:
    chunks = result.chunks.get(along)
    if chunks is None:
        dims = [str(d) for d in result.chunks]
        raise InputError(
            f"the result is not in chunks along {along!r}",
            where="along",
            got=f"chunks along {dims}" if dims else "a result in memory",
            allowed="a lazy result: simulate(..., chunks={'region': 100})",
            fix=did_you_mean(along, dims),
        )
    borders = [sum(chunks[:k]) for k in range(len(chunks) + 1)]
    return {f"{along}-{a:06}-{b:06}": slice(a, b) for a, b in pairwise(borders)}


def _fingerprint(result: xr.Dataset, along: str) -> str:
    """Tells runs apart: call, settings, inputs, labels and chunks."""
    digest = hashlib.blake2b(digest_size=16)
    for text in (
        json.dumps({str(k): str(v) for k, v in result.attrs.items()}, sort_keys=True),
        str({str(k): v for k, v in sorted(result.sizes.items())}),
        str(result.chunks.get(along)),
        str(sorted(map(str, result.data_vars))),
    ):
        digest.update(text.encode())
    for name in sorted(map(str, result.coords)):
        digest.update(str(result[name].values.tolist()).encode())
    return digest.hexdigest()


def _prepare(result: xr.Dataset, part: Path, along: str) -> None:
    """Lay out an empty store, or make sure that the one there is of this run."""
    note = part / _NOTES / "run.txt"
    mark = _fingerprint(result, along)
    if note.is_file():
        if note.read_text() != mark:
            raise OutputError(
                "an unfinished store of another run stands here",
                where=str(part),
                allowed="the same baseline, scenarios, draws, seed and chunks",
                fix="choose another name, or remove it",
            )
        return
    check_writable(part.parent)
    # Nothing is finished before the note stands: what a stop has left here is laid out anew.
    result.to_zarr(part / _STORE, mode="w", compute=False, consolidated=False, zarr_format=2)
    fixed = result[[n for n, v in result.data_vars.items() if along not in v.dims]]
    if fixed.data_vars:
        fixed.compute().to_zarr(part / _STORE, mode="a", consolidated=False)
    with replacing(note) as temporary:
        temporary.write_text(mark)


def _client(client: Any | None) -> Any | None:
    if client is None:
        try:
            from distributed import get_client

            client = get_client()
        except (ImportError, ValueError):
            return None
    if client.status != "running":
        raise SchedulerError(
            "the client has lost its scheduler",
            where=str(client),
            got=f"status {client.status!r}",
            fix="connect again: popsim.io.zarr_store.connect(address)",
        )
    return client


def _computed(
    result: xr.Dataset, along: str, todo: dict[str, slice], client: Any | None
) -> Iterator[tuple[str, xr.Dataset]]:
    """Blocks as they are finished; with a client, as many at once as it has threads, and one."""
    if client is None:
        for name, block in todo.items():
            yield name, result.isel({along: block}).compute(scheduler="synchronous")
        return
    from distributed import as_completed

    waiting = iter(todo.items())
    names: dict[Any, str] = {}

    def submit() -> Any | None:
        following = next(waiting, None)
        if following is None:
            return None
        name, block = following
        future = client.compute(result.isel({along: block}))
        names[future.key] = name
        return future

    first = [f for _ in range(sum(client.nthreads().values()) + 1) if (f := submit()) is not None]
    running = as_completed(first)
    for future in running:
        yield names.pop(future.key), future.result()
        more = submit()
        if more is not None:
            running.add(more)


def _needs_extra(library: str) -> MissingExtraError:
    return MissingExtraError(
        f"{library} is not installed",
        where="popsim.io.zarr_store",
        fix="pip install 'popsim[distributed]'",
    )
