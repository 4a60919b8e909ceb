"""HEIC and DICOM: with their extras they are read, without them they are refused by name."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.checks import check
from clfcore.data.pixels import read_image
from clfcore.errors import InputError

HEIC = b"\0\0\0\x18ftypheic" + b"\0" * 40
DICOM = b"\0" * 128 + b"DICM" + b"\0" * 40


@pytest.mark.parametrize(
    ("module", "data", "says"),
    [("pillow_heif", HEIC, "pip install pillow-heif"), ("pydicom", DICOM, "pip install pydicom")],
)
def test_without_the_extra_the_refusal_names_it(module: str, data: bytes, says: str) -> None:
    if importlib.util.find_spec(module):
        says = "damaged|cannot be read"
    with pytest.raises(InputError, match=says):
        read_image(data)


def test_a_folder_with_one_goes_on_without_it(photos: Path) -> None:
    before = open_dataset(str(photos))
    name = f"{before.classes[0]}/phone.heic"
    (photos / name).write_bytes(HEIC)
    dataset, problems = check(open_dataset(str(photos)))
    assert [problem.item for problem in problems if problem.kind == "unreadable"] == [name]
    assert dataset.ids == before.ids


@pytest.mark.parametrize("inverted", [False, True])
def test_a_scan_keeps_its_depth(inverted: bool) -> None:
    """Twelve bits over the whole range; MONOCHROME1 is turned round."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    scan = FileDataset("scan", {}, file_meta=meta, preamble=b"\0" * 128)
    values = np.linspace(0, 4095, 64).round().astype(np.uint16).reshape(8, 8)
    scan.Rows, scan.Columns, scan.SamplesPerPixel = 8, 8, 1
    scan.BitsAllocated, scan.BitsStored, scan.HighBit, scan.PixelRepresentation = 16, 12, 11, 0
    scan.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    scan.PixelData = values.tobytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, scan)
    found = read_image(out.getvalue())[..., 0].astype(int)
    expected = np.rint(values / 4095 * 255).astype(int)
    assert np.abs(found - (255 - expected if inverted else expected)).max() <= 1
