"""Runs that outgrow memory: blocks on a cluster, a store that goes on after a stop."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import popsim as ps
from popsim.baselines.regions import load_regions
from popsim.errors import InputError, OutputError, SchedulerError
from popsim.io import zarr_store
from popsim.io.zarr_store import connect, read_zarr, write_zarr

pytest.importorskip("zarr", reason="the extra 'distributed' is not installed")
distributed = pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")


@pytest.fixture(scope="module")
def districts():
    return load_regions("huzhou", end=2023)


def run(districts, **settings):
    kept = ["births", "population", "relocation_share"]
    return ps.simulate(districts, [], draws=5, seed=2, variables=kept, **settings)


@pytest.fixture(scope="module")
def now(districts):
    return run(districts)


@pytest.mark.slow
def test_two_workers_give_the_same_bits(districts, now, tmp_path):
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        connect(cluster.scheduler_address) as client,
    ):
        lazy = run(districts, chunks={"region": 1})
        xr.testing.assert_identical(lazy.compute(), now)
        path = write_zarr(lazy, tmp_path / "run.zarr", client=client)
        projected = ps.project(districts.chunk(region=2))
        assert projected["births"].chunks is not None
        xr.testing.assert_identical(projected.compute(), ps.project(districts))
    xr.testing.assert_equal(read_zarr(path).compute(), now)


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on(districts, now, tmp_path, monkeypatch):
    computed = zarr_store._computed
    seen = []

    def killed_after_two(result, along, todo, client):
        for k, (name, block) in enumerate(computed(result, along, todo, client)):
            if k == 2:
                raise KeyboardInterrupt
            seen.append(name)
            yield name, block

    lazy = run(districts, chunks={"region": 1})
    target = tmp_path / "run.zarr"
    monkeypatch.setattr(zarr_store, "_computed", killed_after_two)
    with pytest.raises(KeyboardInterrupt):
        write_zarr(lazy, target)
    assert not target.exists()
    with pytest.raises(OutputError, match=r"half-written(.|\n)*2 finished blocks"):
        read_zarr(target)

    def rest(result, along, todo, client):
        assert len(todo) == 3
        assert not set(todo) & set(seen)
        yield from computed(result, along, todo, client)

    monkeypatch.setattr(zarr_store, "_computed", rest)
    write_zarr(lazy, target)
    xr.testing.assert_equal(read_zarr(target).compute(), now)
    assert [p.name for p in tmp_path.iterdir()] == ["run.zarr"]


def test_a_store_of_another_run_is_not_touched(districts, tmp_path, monkeypatch):
    lazy = run(districts, chunks={"region": 1})
    target = tmp_path / "run.zarr"
    with monkeypatch.context() as patch:
        patch.setattr(zarr_store, "_computed", lambda *_: iter([("x", 1 / 0)]) if 0 else _stop())
        with pytest.raises(KeyboardInterrupt):
            write_zarr(lazy, target)
    other = lazy.assign_attrs(popsim_settings="{}")
    with pytest.raises(OutputError, match="unfinished store of another run"):
        write_zarr(other, target)
    write_zarr(lazy, target)
    with pytest.raises(OutputError, match="something of this name already"):
        write_zarr(lazy, target)
    with pytest.raises(OutputError, match="no such store"):
        read_zarr(tmp_path / "none.zarr")


def _stop():
    raise KeyboardInterrupt


def test_results_in_memory_are_refused(now, tmp_path):
    with pytest.raises(InputError, match=r"not in chunks along 'region'(.|\n)*in memory"):
        write_zarr(now, tmp_path / "run.zarr")
    lazy = xr.Dataset({"a": ("region", np.arange(3.0))}).chunk(region=1)
    with pytest.raises(InputError, match="did you mean 'region'"):
        write_zarr(lazy, tmp_path / "run.zarr", along="regions")


def test_a_scheduler_that_does_not_answer():
    with pytest.raises(SchedulerError, match="does not answer"):
        connect("tcp://127.0.0.1:9", timeout=1.0)


def test_a_client_that_has_lost_its_scheduler(districts, tmp_path):
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        client = connect(cluster.scheduler_address)
        client.close()
    lazy = run(districts, chunks={"region": 1})
    with pytest.raises(SchedulerError, match="lost its scheduler"):
        write_zarr(lazy, tmp_path / "run.zarr", client=client)
