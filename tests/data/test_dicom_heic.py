"""HEIC, AVIF and DICOM: they are read, and where a reader is absent they are refused by name."""

import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, features

from clfcore.data import image_file
from clfcore.data.bit_depth import shown
from clfcore.data.catalogue import open_dataset
from clfcore.data.checks import check
from clfcore.data.decode import decode
from clfcore.data.dicom_heic import is_heic
from clfcore.data.image_file import Depth, depth, image_size
from clfcore.data.pixels import Preprocess, read_image
from clfcore.data.readable_kinds import readable_kinds
from clfcore.errors import InputError

HEIC = b"\0\0\0\x18ftypheic" + b"\0" * 40
DICOM = b"\0" * 128 + b"DICM" + b"\0" * 40


@pytest.mark.parametrize(
    ("module", "data", "says"),
    [("pillow_heif", HEIC, "pip install pillow-heif"), ("pydicom", DICOM, "pip install pydicom")],
)
def test_without_the_reader_the_refusal_names_it(module: str, data: bytes, says: str) -> None:
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


def scanned(values: np.ndarray, **tags: object) -> bytes:
    """A DICOM file of 16 bits with these pixels and tags."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    scan = FileDataset("scan", {}, file_meta=meta, preamble=b"\0" * 128)
    scan.Rows, scan.Columns = values.shape[:2]
    scan.SamplesPerPixel, scan.BitsAllocated, scan.BitsStored, scan.HighBit = 1, 16, 12, 11
    scan.PixelRepresentation, scan.PhotometricInterpretation = 0, "MONOCHROME2"
    for name, value in tags.items():
        setattr(scan, name, value)
    scan.PixelData = values.tobytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, scan)
    return out.getvalue()


TWELVE = np.linspace(0, 4095, 64).round().astype(np.uint16).reshape(8, 8)


@pytest.mark.parametrize("inverted", [False, True])
def test_a_scan_keeps_its_depth(inverted: bool, tmp_path: Path) -> None:
    """Twelve bits over the whole range; MONOCHROME1 is turned round. Shown, it has 8 bits."""
    data = scanned(TWELVE, PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2")
    share = 1 - TWELVE / 4095 if inverted else TWELVE / 4095
    found = read_image(data)
    assert found.dtype == np.uint16
    assert np.array_equal(found[..., 0], np.rint(share * 65535))
    assert np.abs(shown(read_image(data), None)[..., 0] - share * 255).max() <= 0.51
    (tmp_path / "scan.dcm").write_bytes(data)
    assert depth(tmp_path / "scan.dcm") == Depth("uint16", gray=True)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_a_window_is_that_of_pydicom(function: str) -> None:
    """Values from the rescaled ones, as a radiologist sets the window: -160 to 240 Hounsfield units."""
    window = {"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": function}
    data = scanned(TWELVE, RescaleSlope=1, RescaleIntercept=-1024, **window)
    import pydicom
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    stored = pydicom.dcmread(io.BytesIO(data))
    seen = apply_voi_lut(apply_modality_lut(stored.pixel_array, stored), stored)
    low, high = -1024.0, 4095.0 - 1024.0  # what pydicom spreads a window over
    found = read_image(data)[..., 0]
    assert np.abs(found / 65535 - (seen - low) / (high - low)).max() < 1e-4
    assert (found == 0).any() or function == "SIGMOID"


@pytest.mark.parametrize("table", ["VOILUTSequence", "ModalityLUTSequence"])
def test_lookup_tables_are_applied_as_pydicom_applies_them(table: str) -> None:
    pytest.importorskip("pydicom")
    from pydicom.dataset import Dataset

    item = Dataset()
    bits = 16 if table == "ModalityLUTSequence" else 12  # a modality's table has 8 or 16
    curve = (np.arange(4096) ** 2 * ((2**bits - 1) / 4095**2)).round().astype(int)
    item.LUTDescriptor, item.LUTData = [4096, 0, bits], curve.tolist()
    item["LUTData"].VR = "US"
    if table == "ModalityLUTSequence":
        item.ModalityLUTType = "US"
    rescaled = {} if table == "ModalityLUTSequence" else {"RescaleSlope": 1, "RescaleIntercept": 0}
    found = read_image(scanned(TWELVE, **rescaled, **{table: [item]}))[..., 0]
    assert np.abs(found / 65535 - curve[TWELVE] / (2**bits - 1)).max() < 1e-4


def test_a_window_with_a_negative_slope_keeps_low_values_dark() -> None:
    data = scanned(TWELVE, RescaleSlope=-1, RescaleIntercept=4095, WindowCenter=2048, WindowWidth=4096)
    assert np.abs(read_image(data)[..., 0] / 65535 - (4095 - TWELVE.astype(int)) / 4095).max() < 1e-3


def test_an_empty_window_is_none() -> None:
    empty = scanned(TWELVE, WindowCenter=None, WindowWidth=None)
    assert np.array_equal(read_image(empty), read_image(scanned(TWELVE)))


def test_scans_without_a_window_keep_their_relation() -> None:
    """By what their bits can say, signed or not, and not each by its own darkest and lightest."""
    dark, light = (read_image(scanned(np.full((8, 8), v, np.uint16)))[0, 0, 0] for v in (100, 200))
    assert (int(dark), int(light)) == (round(100 / 4095 * 65535), round(200 / 4095 * 65535))
    signed = np.full((8, 8), -1024, np.int16)
    found = read_image(scanned(signed, PixelRepresentation=1, RescaleSlope=2, RescaleIntercept=5))
    assert int(found[0, 0, 0]) == round((-1024 + 2048) / 4095 * 65535)


def test_several_frames_and_colors() -> None:
    frames = np.stack([TWELVE, TWELVE[::-1]])
    first = scanned(TWELVE)
    several = scanned(frames.reshape(16, 8), Rows=8, NumberOfFrames=2)
    assert np.array_equal(read_image(several), read_image(first))
    colors = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    depths = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PlanarConfiguration": 0}
    data = scanned(colors, SamplesPerPixel=3, PhotometricInterpretation="RGB", **depths)
    assert np.array_equal(read_image(data), colors)
    assert np.array_equal(read_image(data), colors)


SCENE = np.kron(np.random.default_rng(0).integers(0, 255, (4, 6, 3)), np.ones((16, 16, 1))).astype(np.uint8)


def encoded(kind: str, pixels: np.ndarray = SCENE) -> bytes:
    """A picture as a phone (HEIC) or a browser (AVIF) saves it."""
    out, image = io.BytesIO(), Image.fromarray(pixels)
    if kind == "heic":
        pillow_heif.from_pillow(image).save(out, quality=95)
    else:
        image.save(out, "AVIF", quality=95)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_a_phones_picture_comes_back(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"phone.{kind}"
    path.write_bytes(encoded(kind))
    found = read_image(path)
    assert found.shape == SCENE.shape
    assert np.abs(found.astype(int) - SCENE).mean() < 6  # lossy
    assert image_size(path) == (96, 64)
    assert not depth(path).deep


@pytest.mark.parametrize(("brands", "heic"), [(b"mif1....mif1heic", True), (b"mif1....mif1avif", False)])
def test_a_container_of_either_kind_goes_to_its_reader(brands: bytes, heic: bool) -> None:
    assert is_heic(b"\0\0\0\x18ftyp" + brands + bytes(40)) == heic


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_what_is_transparent_lies_on_white(kind: str) -> None:
    pixels = np.dstack([SCENE, np.zeros(SCENE.shape[:2], np.uint8)])
    assert read_image(encoded(kind, pixels)).min() > 250


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_limits_hold_before_anything_is_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_file, "MEGAPIXELS", 0.001)
    with pytest.raises(InputError, match="96 x 64 pixels: at most"):
        read_image(encoded(kind))


def test_a_zip_of_them_is_read_whole(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "phone.zip", "w") as archive:
        for kind in ("heic", "avif"):
            for i in range(3):
                archive.writestr(f"{kind}s/{i}.{kind.upper()}", encoded(kind, np.roll(SCENE, i, axis=0)))
    dataset, problems = check(str(tmp_path / "phone.zip"))
    assert dataset.classes == ("avifs", "heics")
    assert len(dataset) == 6
    assert not [problem for problem in problems if problem.kind == "unreadable"]
    _, pictures = decode(dataset, Preprocess(16))
    assert pictures.take(np.arange(6)).std() > 10


def test_only_what_this_installation_reads_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(features, "check", lambda name: False)
    assert not {"heic", "heif", "avif", "dcm"} & set(readable_kinds())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "pillow_heif" or None)
    assert {"png", "heic", "heif"} <= set(readable_kinds())
    assert "dcm" not in readable_kinds()
