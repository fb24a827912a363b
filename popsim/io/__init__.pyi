from popsim.io.write import write_netcdf as write_netcdf
from popsim.io.zarr_store import (
    connect as connect,
    read_zarr as read_zarr,
    write_zarr as write_zarr,
)
