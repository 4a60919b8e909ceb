"""A local S3 server (moto) and the memory of fsspec as remote storage, filled from a folder."""

import contextlib
import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def s3_server(patch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server with one bucket, whose address the block gets; the environment names it meanwhile."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(name, value)
        # What a process keeps of an earlier server: its buckets (moto) and the file system that asks it (fsspec).
        urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/reset", data=b"").close()
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        fsspec.filesystem("s3").mkdir("bucket")
        yield "s3://bucket"
    finally:
        server.stop()
        fsspec.get_filesystem_class("s3").clear_instance_cache()


def put(folder: Path, url: str) -> None:
    """Have every file of a folder at an address."""
    import fsspec

    system, path = fsspec.core.url_to_fs(url)
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            system.pipe_file(f"{path}/{file.relative_to(folder).as_posix()}", file.read_bytes())
