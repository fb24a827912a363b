"""Write results: to a temporary name beside the target first, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

import xarray as xr

from popsim.errors import OutputError


@contextmanager
def replacing(target: str | PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the target's folder; rename it to the target on success.

    A reader never sees half a file, and an error leaves what stood there before.

    Raises
    ------
    OutputError
        The folder cannot be made or written to.
    """
    path = Path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            "the output could not be finished; what stood there before is unchanged",
            where=str(path),
            got=error.strerror or str(error),
            fix="is the disk full?",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(folder: str | PathLike[str]) -> None:
    """Find out before the work whether its result can be written; leaves no file behind.

    Raises
    ------
    OutputError
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        "the output cannot be written",
        where=str(path),
        got=error.strerror or str(error),
        allowed="a folder that you may write to",
        fix="choose another place, with --out on the command line",
    )


def write_netcdf(result: xr.Dataset, target: str | PathLike[str]) -> Path:
    """Write a Dataset as NetCDF-4, whole or not at all.

    Parameters
    ----------
    result : xarray.Dataset
    target : path
        A file name ending in .nc.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError

    Examples
    --------
    >>> import tempfile, xarray as xr
    >>> folder = tempfile.mkdtemp()
    >>> path = write_netcdf(xr.Dataset({"births": ("year", [1.0])}), f"{folder}/result.nc")
    >>> float(xr.load_dataset(path).births[0])
    1.0
    """
    with replacing(target) as temporary:
        result.to_netcdf(temporary, engine="h5netcdf")
    return Path(target)
