// Pillow's resize of 8-bit pictures, to the bit: the filter as wide as the scale, weights in 22 bits, rows first.
// After Pillow's Resample.c (MIT-CMU license). A canvas scales in another way, and some answers would differ.

const BITS = 22;
const FILTERS = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(x) {
      const a = -0.5, t = Math.abs(x);
      if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
      return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
    },
  },
};

// For each of `size` results: where its weights begin, how many they are, and the weights as whole numbers.
function weights(filter, inSize, from, to, size) {
  const scale = (to - from) / size, wide = Math.max(1, scale), support = filter.support * wide;
  const most = Math.ceil(support) * 2 + 1, whole = new Int32Array(size * most), bounds = new Int32Array(size * 2);
  const exact = new Float64Array(most);
  for (let i = 0; i < size; i++) {
    const center = from + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inSize, Math.trunc(center + support + 0.5)) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) sum += exact[k] = filter.weight((k + first - center + 0.5) * (1 / wide));
    for (let k = 0; k < count; k++) {
      const share = (sum ? exact[k] / sum : exact[k]) * 2 ** BITS;
      whole[i * most + k] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }
    bounds[2 * i] = first;
    bounds[2 * i + 1] = count;
  }
  return { most, whole, bounds };
}

// One axis of RGB bytes. `lines` rows or columns lie `across` bytes apart, the values on them `along` bytes.
function pass(pixels, out, size, lines, { most, whole, bounds }, inStep, outStep) {
  for (let line = 0; line < lines; line++) {
    const source = line * inStep.across, target = line * outStep.across;
    for (let i = 0; i < size; i++) {
      let at = source + bounds[2 * i] * inStep.along;
      let red = 1 << (BITS - 1), green = red, blue = red;
      for (let k = i * most, end = k + bounds[2 * i + 1]; k < end; k++, at += inStep.along) {
        const weight = whole[k];
        red += pixels[at] * weight;
        green += pixels[at + 1] * weight;
        blue += pixels[at + 2] * weight;
      }
      const place = target + i * outStep.along; // a clamped array cuts off below 0 and above 255
      out[place] = red >> BITS;
      out[place + 1] = green >> BITS;
      out[place + 2] = blue >> BITS;
    }
  }
}

function nearest({ width, height, pixels }, [left, top, right, bottom], [w, h]) {
  const out = new Uint8ClampedArray(w * h * 3), dx = (right - left) / w, dy = (bottom - top) / h;
  for (let y = 0, v = top + dy / 2; y < h; y++, v += dy) {
    for (let x = 0, u = left + dx / 2; x < w; x++, u += dx) {
      const at = (Math.min(height - 1, Math.trunc(v)) * width + Math.min(width - 1, Math.trunc(u))) * 3;
      for (let c = 0; c < 3; c++) out[(y * w + x) * 3 + c] = pixels[at + c];
    }
  }
  return { width: w, height: h, pixels: out };
}

// A box of a picture ({width, height, pixels: RGB}) at another size, as PIL.Image.resize makes it.
export function resize(picture, [w, h], method, box = [0, 0, picture.width, picture.height]) {
  const [left, top, right, bottom] = box, whole = !left && !top && right === picture.width && bottom === picture.height;
  if (whole && w === picture.width && h === picture.height) return picture;
  if (method === "nearest") return nearest(picture, box, [w, h]);
  let { width, height, pixels } = picture;
  const filter = FILTERS[method];
  if (w !== width || left || right !== w) {
    const out = new Uint8ClampedArray(w * height * 3);
    const steps = [{ across: width * 3, along: 3 }, { across: w * 3, along: 3 }];
    pass(pixels, out, w, height, weights(filter, width, left, right, w), ...steps);
    [width, pixels] = [w, out];
  }
  if (h !== height || top || bottom !== h) {
    const out = new Uint8ClampedArray(w * h * 3), steps = { across: 3, along: w * 3 };
    pass(pixels, out, h, w, weights(filter, height, top, bottom, h), steps, steps);
    [height, pixels] = [h, out];
  }
  return { width, height, pixels };
}

// Python's round: halves to the even number.
function rounded(value) {
  const whole = Math.round(value);
  return Math.abs(value % 1) === 0.5 && whole % 2 ? whole - 1 : whole;
}

function middle(picture, size) {
  const edge = Math.floor((picture.width - size) / 2), out = new Uint8ClampedArray(size * size * 3);
  for (let y = 0; y < size; y++) {
    const from = ((y + edge) * picture.width + edge) * 3;
    out.set(picture.pixels.subarray(from, from + size * 3), y * size * 3);
  }
  return { width: size, height: size, pixels: out };
}

// A picture in the square that the network sees, by the fit that it was trained with.
export function square(picture, { fit, interpolation, stored_side: side, size, shades }) {
  const { width, height } = picture;
  if (fit === "squash") return middle(resize(picture, [side, side], interpolation), size);
  if (fit === "crop") {
    const edge = Math.min(width, height), left = (width - edge) / 2, top = (height - edge) / 2;
    return middle(resize(picture, [side, side], interpolation, [left, top, left + edge, top + edge]), size);
  }
  const scale = side / Math.max(width, height);
  const w = Math.max(1, rounded(width * scale)), h = Math.max(1, rounded(height * scale));
  const inner = resize(picture, [w, h], interpolation), out = new Uint8ClampedArray(side * side * 3);
  for (let i = 0; i < out.length; i++) out[i] = shades[i % 3];
  const x = Math.floor((side - w) / 2), y = Math.floor((side - h) / 2);
  for (let row = 0; row < h; row++) {
    out.set(inner.pixels.subarray(row * w * 3, (row + 1) * w * 3), ((row + y) * side + x) * 3);
  }
  return middle({ width: side, height: side, pixels: out }, size);
}
