// Parts of eight elements of a quantised row. `word(i)` reads the buffer that holds the matrix.
// Not valid alone: needs `word(i: u32) -> u32`, which `Builder::matrix` generates, and `bytes.wgsl`.

// Where a matrix lies: word offsets of its four arrays, and words of a row in each.
struct Matrix {
    start: vec4<u32>, // quants, high bits, scales, scales of super-blocks
    row: vec4<u32>,
}

// Eight elements: element i is q_i · scale + offset, for q = (a, b).
struct Part {
    a: vec4<f32>,
    b: vec4<f32>,
    scale: f32,
    offset: f32,
}

// Where the arrays of a row begin.
fn row_start(m: Matrix, row: u32) -> vec4<u32> {
    return m.start + row * m.row;
}

// A part of nibbles `w`, with further bits above them, which begin at bit 4 of each byte.
fn nibbles(w: u32, above_a: u32, above_b: u32, scale: f32, offset: f32) -> Part {
    return Part(bytes((w & 0x0f0f0f0f) | above_a), bytes(((w >> 4) & 0x0f0f0f0f) | above_b), scale, offset);
}

// The 16 bits with index `i` of an array of such, below others.
fn bits16_at(start: u32, i: u32) -> u32 {
    return word(start + i / 2) >> (16 * (i & 1));
}

// The f16 with index `i` of an array of f16.
fn half_at(start: u32, i: u32) -> f32 {
    return unpack2x16float(bits16_at(start, i)).x;
}

fn dequant_f32(at: vec4<u32>, part: u32) -> Part {
    let i = at.x + part * 8;
    let a = vec4<u32>(word(i), word(i + 1), word(i + 2), word(i + 3));
    let b = vec4<u32>(word(i + 4), word(i + 5), word(i + 6), word(i + 7));
    return Part(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b), 1, 0);
}

fn dequant_f16(at: vec4<u32>, part: u32) -> Part {
    let i = at.x + part * 4;
    let a = vec4<f32>(unpack2x16float(word(i)), unpack2x16float(word(i + 1)));
    let b = vec4<f32>(unpack2x16float(word(i + 2)), unpack2x16float(word(i + 3)));
    return Part(a, b, 1, 0);
}

fn brain_floats(w: u32) -> vec2<f32> {
    return bitcast<vec2<f32>>(vec2<u32>(w << 16, w & 0xffff0000));
}

fn dequant_bf16(at: vec4<u32>, part: u32) -> Part {
    let i = at.x + part * 4;
    let a = vec4<f32>(brain_floats(word(i)), brain_floats(word(i + 1)));
    let b = vec4<f32>(brain_floats(word(i + 2)), brain_floats(word(i + 3)));
    return Part(a, b, 1, 0);
}

fn dequant_q4_0(at: vec4<u32>, part: u32) -> Part {
    let scale = half_at(at.z, part / 4);
    return nibbles(word(at.x + part), 0, 0, scale, -8 * scale);
}

fn dequant_q4_1(at: vec4<u32>, part: u32) -> Part {
    let scale = unpack2x16float(word(at.z + part / 4));
    return nibbles(word(at.x + part), 0, 0, scale.x, scale.y);
}

// A part of five bits each: a word has the fifth of four parts, bits 2p and 2p + 1 of its bytes those of part p.
fn five_bits(at: vec4<u32>, part: u32, scale: f32, offset: f32) -> Part {
    let fifth = word(at.y + part / 4) >> (2 * (part & 3));
    return nibbles(word(at.x + part), (fifth & 0x01010101) << 4, (fifth & 0x02020202) << 3, scale, offset);
}

fn dequant_q5_0(at: vec4<u32>, part: u32) -> Part {
    let scale = half_at(at.z, part / 4);
    return five_bits(at, part, scale, -16 * scale);
}

fn dequant_q5_1(at: vec4<u32>, part: u32) -> Part {
    let scale = unpack2x16float(word(at.z + part / 4));
    return five_bits(at, part, scale.x, scale.y);
}

// Bytes are 128 more than the quants.
fn dequant_q8_0(at: vec4<u32>, part: u32) -> Part {
    let i = at.x + part * 2;
    let scale = half_at(at.z, part / 4);
    return Part(bytes(word(i)), bytes(word(i + 1)), scale, -128 * scale);
}

// Scale and offset of a block of 32 in Q4_K and Q5_K.
fn k_scale(at: vec4<u32>, block: u32) -> vec2<f32> {
    let bits = bits16_at(at.z, block);
    let d = unpack2x16float(word(at.w + block / 8));
    return vec2<f32>(d.x * f32(bits & 255), -d.y * f32((bits >> 8) & 255));
}

fn dequant_q4_k(at: vec4<u32>, part: u32) -> Part {
    let scale = k_scale(at, part / 4);
    return nibbles(word(at.x + part), 0, 0, scale.x, scale.y);
}

fn dequant_q5_k(at: vec4<u32>, part: u32) -> Part {
    let scale = k_scale(at, part / 4);
    return five_bits(at, part, scale.x, scale.y);
}

// A word has the upper two bits of two parts: bits 4p and 4p + 2 of its bytes begin those of part p.
fn dequant_q6_k(at: vec4<u32>, part: u32) -> Part {
    let upper = word(at.y + part / 2) >> (4 * (part & 1));
    let group = part / 2; // 16 elements share a signed scale of 8 bits
    let scales = word(at.z + group / 4);
    let sub = f32(i32(scales << (24 - 8 * (group & 3))) >> 24);
    let scale = bitcast<f32>(word(at.w + part / 32)) * sub;
    return nibbles(word(at.x + part), (upper & 0x03030303) << 4, (upper & 0x0c0c0c0c) << 2, scale, -32 * scale);
}
