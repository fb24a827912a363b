"""Work in blocks: one call over parts of the leading dimensions, later and elsewhere (dask)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import pairwise, product
from threading import Lock
from typing import Any

import xarray as xr

from popsim.errors import InputError, MissingExtraError

Block = Callable[[xr.Dataset], xr.Dataset]

#: A kernel takes all cores by itself, and not every threading layer of Numba bears two callers.
_ONE_KERNEL_AT_A_TIME = Lock()


def chunks_of(inputs: xr.Dataset, core: Sequence[str]) -> dict[Hashable, tuple[int, ...]]:
    """Chunks of dask-backed inputs along their leading dims; empty where nothing is lazy.

    Parameters
    ----------
    inputs : xarray.Dataset
    core : sequence of str
        Dims that one cell needs whole.

    Raises
    ------
    InputError
        A chunk ends within a core dim.

    Examples
    --------
    >>> chunks_of(xr.Dataset({"a": ("region", [1.0, 2.0])}), ["age"])
    {}
    """
    chunks = dict(inputs.chunks)
    for dim in core:
        if len(chunks.pop(dim, ())) > 1:
            raise InputError(
                f"the inputs are in chunks along {dim!r}",
                where="chunks",
                got=f"{len(inputs.chunks[dim])} chunks of {dim!r}",
                allowed="chunks along leading dims such as region, scenario or draw",
                fix=f"inputs.chunk({dim}=-1)",
            )
    return chunks


def slices(size: int, length: int | Sequence[int]) -> list[slice]:
    """Cut ``size`` into slices of one length, the last as it comes, or of given lengths.

    Examples
    --------
    >>> slices(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    >>> slices(5, (1, 4))
    [slice(0, 1, None), slice(1, 5, None)]
    """
    if isinstance(length, int):
        return [slice(k, min(k + length, size)) for k in range(0, size, length)]
    borders = [sum(length[:k]) for k in range(len(length) + 1)]
    return [slice(a, b) for a, b in pairwise(borders)]


def over_blocks(
    run: Block,
    inputs: xr.Dataset,
    chunks: Mapping[Hashable, int | Sequence[int]],
    *,
    core: Sequence[str],
) -> xr.Dataset:
    """Call ``run`` on blocks of the inputs, lazily, and put the results together.

    Parameters
    ----------
    run : callable
        From a Dataset of some of the leading labels to the result for these. It is sent to
        workers, so it has to be picklable; what it gives for a label must not depend on the
        other labels of the block.
    inputs : xarray.Dataset
        In memory or dask-backed.
    chunks : mapping of dim to int or sequence of int
        Size of the blocks along leading dims.
    core : sequence of str
        Dims that one cell needs whole.

    Returns
    -------
    xarray.Dataset
        Dask-backed; computed by the active ``dask.distributed`` client, or by threads.

    Raises
    ------
    InputError
        Chunks along a core dim, along a dim that the inputs lack, or of a size below 1.
    MissingExtraError
        dask is not installed.

    Notes
    -----
    The first label of each dim is run at once, to learn the variables of the result.
    """
    array, delayed = _dask()
    leading = [d for d in inputs.dims if d not in core]
    for dim, size in chunks.items():
        if dim not in leading:
            raise InputError(
                f"chunks along {dim!r} cannot be",
                where="chunks",
                got=dict(chunks),
                allowed=", ".join(map(str, leading)) or "none: the inputs have one cell",
                fix="a cell needs all its ages and years" if dim in core else None,
            )
        if isinstance(size, int) and size < 1:
            raise InputError(
                "a chunk has no size", where=f"chunks[{dim!r}]", got=size, allowed="1 or more"
            )
    sample = run(inputs.isel({dim: [0] for dim in chunks}).compute())
    cut = {dim: slices(inputs.sizes[dim], size) for dim, size in chunks.items()}

    def lazy(block: xr.Dataset) -> xr.Dataset:
        task = delayed(_alone)(run, block)
        pick = delayed(_values)
        made = {}
        for name, v in sample.data_vars.items():
            shape = tuple(block.sizes[d] if d in chunks else v.sizes[d] for d in v.dims)
            made[name] = (v.dims, array.from_delayed(pick(task, name), shape, v.dtype), v.attrs)
        coords: dict[Hashable, Any] = {
            name: c for name, c in sample.coords.items() if not set(c.dims) & set(chunks)
        }
        for dim in chunks:
            coords |= {n: c for n, c in block.coords.items() if c.dims == (dim,)}
        return xr.Dataset(made, coords, sample.attrs)

    parts = [
        lazy(inputs.isel(dict(zip(cut, place, strict=True)))) for place in product(*cut.values())
    ]
    for dim in reversed(cut):
        n = len(cut[dim])
        parts = [join(parts[k : k + n], dim) for k in range(0, len(parts), n)]
    return parts[0]


def join(parts: Sequence[xr.Dataset], dim: Hashable) -> xr.Dataset:
    """Put results of blocks together along a dim; variables without it are the first's.

    Examples
    --------
    >>> parts = [xr.Dataset({"a": ("region", [k]), "b": 1.0}) for k in (1, 2)]
    >>> whole = join(parts, "region")
    >>> whole.a.values.tolist(), float(whole.b)
    ([1, 2], 1.0)
    """
    if len(parts) == 1:
        return parts[0]
    return xr.concat(
        parts,
        dim=dim,
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="exact",
        combine_attrs="override",
    )


def _alone(run: Block, block: xr.Dataset) -> xr.Dataset:
    with _ONE_KERNEL_AT_A_TIME:
        return run(block)


def _values(result: xr.Dataset, name: Hashable) -> Any:
    return result[name].values


def _dask() -> tuple[Any, Any]:
    try:
        from dask import array, delayed
    except ImportError as error:
        raise MissingExtraError(
            "results in chunks need dask",
            where="chunks",
            got="dask is not installed",
            fix="pip install 'popsim[distributed]', or leave out chunks",
        ) from error
    return array, delayed
