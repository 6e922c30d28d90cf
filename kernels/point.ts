// Techniques that map each value independently.

/** 255 - v for `size` values. */
export function invert(source: usize, target: usize, size: i32): void {
  for (let i: usize = 0; i < <usize>size; i += 16) v128.store(target + i, v128.not(v128.load(source + i)));
}

/** v with its lowest bits zero; `mask` has the bits to keep. */
export function keepBits(source: usize, target: usize, size: i32, mask: i32): void {
  const kept = i8x16.splat(<i8>mask);
  for (let i: usize = 0; i < <usize>size; i += 16)
    v128.store(target + i, v128.and(v128.load(source + i), kept));
}

/** 255 - v for values from `least`, 0 to 255, upwards; others are unchanged. */
export function invertFrom(source: usize, target: usize, size: i32, least: i32): void {
  const limit = i8x16.splat(<i8>least);
  for (let i: usize = 0; i < <usize>size; i += 16) {
    const values = v128.load(source + i);
    v128.store(target + i, v128.xor(values, i8x16.ge_u(values, limit)));
  }
}

const PATTERNS = memory.data(96, 16);

/** Adds a whole number from -255 to 255 to each channel, and clips. */
export function add(source: usize, target: usize, size: i32, red: i32, green: i32, blue: i32): void {
  for (let i: usize = 0; i < 48; i += 3) {
    store<u8>(PATTERNS + i, max(red, 0));
    store<u8>(PATTERNS + i + 1, max(green, 0));
    store<u8>(PATTERNS + i + 2, max(blue, 0));
    store<u8>(PATTERNS + 48 + i, max(-red, 0));
    store<u8>(PATTERNS + 49 + i, max(-green, 0));
    store<u8>(PATTERNS + 50 + i, max(-blue, 0));
  }
  const more0 = v128.load(PATTERNS);
  const more1 = v128.load(PATTERNS, 16);
  const more2 = v128.load(PATTERNS, 32);
  const less0 = v128.load(PATTERNS, 48);
  const less1 = v128.load(PATTERNS, 64);
  const less2 = v128.load(PATTERNS, 80);
  for (let i: usize = 0; i < <usize>size; i += 48) {
    const from = source + i;
    const to = target + i;
    v128.store(to, i8x16.sub_sat_u(i8x16.add_sat_u(v128.load(from), more0), less0));
    v128.store(to, i8x16.sub_sat_u(i8x16.add_sat_u(v128.load(from, 16), more1), less1), 16);
    v128.store(to, i8x16.sub_sat_u(i8x16.add_sat_u(v128.load(from, 32), more2), less2), 32);
  }
}

/** table[v] for `size` values; the table is [256], uint8. */
export function lookUp(source: usize, target: usize, size: i32, table: usize): void {
  for (let i: usize = 0; i < <usize>size; i += 8) {
    const from = source + i;
    const to = target + i;
    store<u8>(to, load<u8>(table + load<u8>(from)));
    store<u8>(to, load<u8>(table + load<u8>(from, 1)), 1);
    store<u8>(to, load<u8>(table + load<u8>(from, 2)), 2);
    store<u8>(to, load<u8>(table + load<u8>(from, 3)), 3);
    store<u8>(to, load<u8>(table + load<u8>(from, 4)), 4);
    store<u8>(to, load<u8>(table + load<u8>(from, 5)), 5);
    store<u8>(to, load<u8>(table + load<u8>(from, 6)), 6);
    store<u8>(to, load<u8>(table + load<u8>(from, 7)), 7);
  }
}
