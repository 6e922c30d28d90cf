// Random bits, four at a time: four xoshiro128** generators (Blackman and Vigna 2018) side by side, one per lane.

/**
 * Writes `vectors` vectors of four random int32 each. The state is [4, 4] int32, with word k of lane j at 4 (4 k + j);
 * it is updated, so that the next call continues the sequence.
 */
export function fillRandom(state: usize, target: usize, vectors: i32): void {
  let s0 = v128.load(state);
  let s1 = v128.load(state, 16);
  let s2 = v128.load(state, 32);
  let s3 = v128.load(state, 48);
  for (let i: usize = 0; i < (<usize>vectors) << 4; i += 16) {
    const product = i32x4.add(s1, i32x4.shl(s1, 2));
    const turned = rotated(product, 7);
    v128.store(target + i, i32x4.add(turned, i32x4.shl(turned, 3)));
    const shifted = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, shifted);
    s3 = rotated(s3, 11);
  }
  v128.store(state, s0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
}

function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}
