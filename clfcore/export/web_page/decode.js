// A picture file -> RGB bytes as the lab reads them: upright by EXIF, its colors as they are, what is transparent on
// white, a large JPEG reduced before it is scaled. What a browser would read in another way is refused in words.

const MEGAPIXELS = 178;
const UNREAD = {
  TIFF: "is a TIFF file, which browsers do not read: save it as JPEG or PNG",
  HEIC: "is a HEIC photo, which browsers do not read: save it as JPEG, or share it as “most compatible”",
  DICOM: "is a DICOM file, which browsers do not read: save it as PNG",
};

export class Refused extends Error {}

const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

function formatOf(bytes) {
  const head = text(bytes, 0, 12), brand = head.slice(4, 8) === "ftyp" ? head.slice(8) : "";
  if (head.startsWith("\xff\xd8")) return "JPEG";
  if (head.startsWith("\x89PNG")) return "PNG";
  if (head.startsWith("RIFF") && head.endsWith("WEBP")) return "WEBP";
  if (head.startsWith("GIF8")) return "GIF";
  if (head.startsWith("BM")) return "BMP";
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return "TIFF";
  if (brand === "avif" || brand === "avis") return "AVIF";
  if (/^(hei[cmsx]|hev[cx]|mif1|msf1)$/.test(brand)) return "HEIC";
  return text(bytes, 128, 132) === "DICM" ? "DICOM" : "";
}

// Where the orientation stands in a block of EXIF: the place of its two bytes, and whether the low one is first.
function orientationPlace(bytes, start, end) {
  if (text(bytes, start, start + 6) === "Exif\0\0") start += 6;
  const little = bytes[start] === 0x49, view = new DataView(bytes.buffer, bytes.byteOffset);
  if (start + 8 > end) return null;
  const table = start + view.getUint32(start + 4, little);
  if (table + 2 > end) return null;
  for (let i = 0, at = table + 2; i < view.getUint16(table, little) && at + 12 <= end; i++, at += 12) {
    if (view.getUint16(at, little) === 0x0112) return { at: at + 8, little };
  }
  return null;
}

// The parts of a file that hold metadata: [name, from, to], of JPEG, PNG and WebP.
function* parts(bytes, format) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (format === "JPEG") {
    for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
      const marker = bytes[at + 1];
      if (marker === 0xff) { at++; continue; }
      if (marker === 0xda) { yield ["scan", at, bytes.length]; return; }
      const end = at + 2 + view.getUint16(at + 2);
      if (marker === 0xe1) yield [text(bytes, at + 4, at + 8) === "Exif" ? "exif" : "xmp", at + 4, Math.min(end, bytes.length)];
      at = end;
    }
  } else if (format === "PNG") {
    for (let at = 8, end; at + 12 <= bytes.length; at = end) {
      end = at + 12 + view.getUint32(at);
      if (end > bytes.length) throw new Refused("is truncated: its end is missing; copy it again");
      const name = text(bytes, at + 4, at + 8);
      yield [{ eXIf: "exif", iTXt: "xmp" }[name] ?? name, at + 8, end - 4];
    }
  } else if (format === "WEBP") {
    for (let at = 12; at + 8 <= bytes.length;) {
      const size = view.getUint32(at + 4, true), name = text(bytes, at, at + 4);
      yield [{ EXIF: "exif", "XMP ": "xmp" }[name] ?? name, at + 8, Math.min(at + 8 + size, bytes.length)];
      at += 8 + size + (size & 1);
    }
  }
}

// EXIF's orientation from 1 to 8, and the file without it: browsers differ in whether they turn a picture themselves.
function takeOrientation(bytes, format) {
  let exif = 0, xmp = 0, whole = format !== "JPEG", file = bytes;
  for (const [name, from, to] of parts(bytes, format)) {
    if (name === "exif") {
      const place = orientationPlace(bytes, from, to);
      if (!place) continue;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      exif = view.getUint16(place.at, place.little);
      file = bytes.slice();
      if (format === "PNG") { // the chunk with its length, name and checksum
        file.set(bytes.subarray(to + 4), from - 8);
        file = file.subarray(0, bytes.length - (to + 4 - (from - 8)));
      } else new DataView(file.buffer).setUint16(place.at, 1, place.little);
    } else if (name === "xmp") {
      xmp = Number(/tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(bytes.subarray(from, to)))?.[1] ?? 0);
    } else if (name === "scan") {
      for (let at = to - 2; at > from && !whole; at--) whole = bytes[at] === 0xff && bytes[at + 1] === 0xd9;
    }
  }
  if (!whole) throw new Refused("is truncated: its end is missing; copy it again");
  return { orientation: exif || xmp || 1, file };
}

// A JPEG much larger than the square is decoded at 1/2, 1/4 or 1/8: each of its pixels is the mean of a block.
function reduced({ width, height, pixels }, least) {
  const scale = Math.floor(Math.min(width, height) / least), by = [8, 4, 2].find((step) => scale >= step) ?? 1;
  const w = Math.ceil(width / by), h = Math.ceil(height / by), out = new Uint8ClampedArray(w * h * 3);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const right = Math.min(width, (x + 1) * by), bottom = Math.min(height, (y + 1) * by);
      let red = 0, green = 0, blue = 0;
      for (let v = y * by; v < bottom; v++) {
        for (let at = (v * width + x * by) * 4, end = (v * width + right) * 4; at < end; at += 4) {
          red += pixels[at];
          green += pixels[at + 1];
          blue += pixels[at + 2];
        }
      }
      const count = (right - x * by) * (bottom - y * by), place = (y * w + x) * 3;
      out[place] = red / count; // a clamped array rounds
      out[place + 1] = green / count;
      out[place + 2] = blue / count;
    }
  }
  return { width: w, height: h, pixels: out };
}

function turned({ width, height, pixels }, orientation) {
  const across = [2, 3, 6, 7].includes(orientation), down = [3, 4, 7, 8].includes(orientation);
  if (orientation < 2 || orientation > 8) return { width, height, pixels };
  const swapped = orientation > 4, [w, h] = swapped ? [height, width] : [width, height];
  const out = new Uint8ClampedArray(w * h * 3);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const u = across ? w - 1 - x : x, v = down ? h - 1 - y : y;
      const at = (swapped ? u * width + v : v * width + u) * 3, place = (y * w + x) * 3;
      out[place] = pixels[at];
      out[place + 1] = pixels[at + 1];
      out[place + 2] = pixels[at + 2];
    }
  }
  return { width: w, height: h, pixels: out };
}

// A file or blob -> {width, height, pixels: RGB, deep}. deep: it has more than 8 bits, of which a browser shows 8.
export async function decode(blob, least) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  if (!bytes.length) throw new Refused("is empty (0 bytes): copy it again");
  const format = formatOf(bytes);
  if (UNREAD[format]) throw new Refused(UNREAD[format]);
  if (!format) throw new Refused("is not an image that can be read: give a JPEG, PNG, WebP, AVIF, GIF or BMP file");
  const { orientation, file } = takeOrientation(bytes, format);
  let bitmap;
  try {
    const image = new Blob([file], { type: `image/${format.toLowerCase()}` });
    bitmap = await createImageBitmap(image, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Refused("is damaged, or of a kind that this browser does not read: save it as JPEG or PNG");
  }
  const { width, height } = bitmap;
  if (width * height > MEGAPIXELS * 1e6) throw new Refused(`has more than ${MEGAPIXELS} megapixels: make it smaller`);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let pixels;
  try {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    pixels = context.getImageData(0, 0, width, height).data;
  } catch {
    throw new Refused(`has ${width} x ${height} pixels, more than this browser draws: make it smaller`);
  } finally {
    bitmap.close();
  }
  const picture = reduced({ width, height, pixels }, format === "JPEG" ? least : Infinity);
  return { ...turned(picture, orientation), deep: format === "PNG" && bytes[24] === 16 };
}
