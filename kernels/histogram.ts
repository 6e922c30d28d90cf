// Operations that stretch each channel's values by their distribution: Pillow's autocontrast and equalize. `work`:
// CHANNEL_TABLES bytes, and as many words for counts.

/** Three tables of 256 values. */
const CHANNEL_TABLES: usize = 768;

/** Bytes of working memory of autocontrast and equalize. */
export function histogramMemory(): usize {
  return CHANNEL_TABLES + 4 * CHANNEL_TABLES;
}

/** Maps each channel's values linearly so that its least becomes 0 and its largest 255, truncated. */
export function autocontrast(source: usize, target: usize, pixels: i32, work: usize): void {
  findExtremes(source, pixels);
  for (let channel = 0; channel < 3; channel++) {
    stretchTable(work + (channel << 8), load<u8>(EXTREMES + channel), load<u8>(EXTREMES + channel, 48));
  }
  lookUpChannels(source, target, pixels, work);
}

function stretchTable(table: usize, low: i32, high: i32): void {
  if (high <= low) {
    store<u8>(table + low, <u8>low);
    return;
  }
  const scale = 255.0 / <f64>(high - low);
  const offset = <f64>-low * scale;
  // Other values do not occur.
  for (let value = low; value <= high; value++) {
    store<u8>(table + value, <u8>min(255, <i32>(<f64>value * scale + offset)));
  }
}

/** Least and then largest values of 48 bytes. */
const EXTREMES = memory.data(96, 16);

/** The least value of channel c is at EXTREMES + c, the largest at EXTREMES + 48 + c. */
function findExtremes(source: usize, pixels: i32): void {
  const size = <usize>(pixels * 3);
  let low0 = i8x16.splat(-1);
  let low1 = low0;
  let low2 = low0;
  let high0 = i8x16.splat(0);
  let high1 = high0;
  let high2 = high0;
  let i: usize = 0;
  for (; i + 48 <= size; i += 48) {
    const a = v128.load(source + i);
    const b = v128.load(source + i, 16);
    const c = v128.load(source + i, 32);
    low0 = i8x16.min_u(low0, a);
    low1 = i8x16.min_u(low1, b);
    low2 = i8x16.min_u(low2, c);
    high0 = i8x16.max_u(high0, a);
    high1 = i8x16.max_u(high1, b);
    high2 = i8x16.max_u(high2, c);
  }
  v128.store(EXTREMES, low0);
  v128.store(EXTREMES, low1, 16);
  v128.store(EXTREMES, low2, 32);
  v128.store(EXTREMES, high0, 48);
  v128.store(EXTREMES, high1, 64);
  v128.store(EXTREMES, high2, 80);
  for (let channel: usize = 0; channel < 3; channel++) {
    let low: u32 = 255;
    let high: u32 = 0;
    for (let k = channel; k < 48; k += 3) {
      low = min(low, <u32>load<u8>(EXTREMES + k));
      high = max(high, <u32>load<u8>(EXTREMES + k, 48));
    }
    for (let k = i + channel; k < size; k += 3) {
      low = min(low, <u32>load<u8>(source + k));
      high = max(high, <u32>load<u8>(source + k));
    }
    store<u8>(EXTREMES + channel, <u8>low);
    store<u8>(EXTREMES + channel, <u8>high, 48);
  }
}

/** Maps each channel's values so that they are spread evenly, as Pillow's integer arithmetic does. */
export function equalize(source: usize, target: usize, pixels: i32, work: usize): void {
  const counts = work + CHANNEL_TABLES;
  countValues(source, pixels, counts);
  for (let channel = 0; channel < 3; channel++) {
    equalTable(work + (channel << 8), counts + (channel << 10), pixels);
  }
  lookUpChannels(source, target, pixels, work);
}

/** How often each value occurs, by channel: uint32 [3, 256]. */
function countValues(source: usize, pixels: i32, counts: usize): void {
  memory.fill(counts, 0, 4 * CHANNEL_TABLES);
  const end = source + <usize>(pixels * 3);
  for (let at = source; at < end; at += 3) {
    count(counts + ((<usize>load<u8>(at)) << 2));
    count(counts + ((<usize>load<u8>(at, 1)) << 2) + 1024);
    count(counts + ((<usize>load<u8>(at, 2)) << 2) + 2048);
  }
}

function count(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

function equalTable(table: usize, counts: usize, pixels: i32): void {
  let last: usize = 255 << 2;
  while (load<u32>(counts + last) === 0) last -= 4;
  const step = (<u32>pixels - load<u32>(counts + last)) / 255;
  if (step === 0) {
    // One value alone, or too few others: unchanged.
    for (let value = 0; value < 256; value++) store<u8>(table + value, <u8>value);
    return;
  }
  const share = 1.0 / <f64>step;
  let sum: u32 = step / 2;
  for (let value: usize = 0; value <= last >> 2; value++) {
    // floor(sum / step); with the half, rounding cannot move it past a whole number.
    store<u8>(table + value, <u8>min<u32>(255, <u32>((<f64>sum + 0.5) * share)));
    sum += load<u32>(counts + (value << 2));
  }
}

/** tables[c][v] for channel c of every pixel; the tables are uint8 [3, 256]. */
function lookUpChannels(source: usize, target: usize, pixels: i32, tables: usize): void {
  const size = <usize>(pixels * 3);
  for (let i: usize = 0; i < size; i += 12) {
    const from = source + i;
    const to = target + i;
    store<u8>(to, load<u8>(tables + load<u8>(from)));
    store<u8>(to, load<u8>(tables + load<u8>(from, 1), 256), 1);
    store<u8>(to, load<u8>(tables + load<u8>(from, 2), 512), 2);
    store<u8>(to, load<u8>(tables + load<u8>(from, 3)), 3);
    store<u8>(to, load<u8>(tables + load<u8>(from, 4), 256), 4);
    store<u8>(to, load<u8>(tables + load<u8>(from, 5), 512), 5);
    store<u8>(to, load<u8>(tables + load<u8>(from, 6)), 6);
    store<u8>(to, load<u8>(tables + load<u8>(from, 7), 256), 7);
    store<u8>(to, load<u8>(tables + load<u8>(from, 8), 512), 8);
    store<u8>(to, load<u8>(tables + load<u8>(from, 9)), 9);
    store<u8>(to, load<u8>(tables + load<u8>(from, 10), 256), 10);
    store<u8>(to, load<u8>(tables + load<u8>(from, 11), 512), 11);
  }
}
