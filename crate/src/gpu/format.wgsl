// Parts of eight elements of a quantised row. `word(i)` reads the buffer that holds the matrix.

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

const nibble_shifts = vec4<u32>(0, 8, 16, 24);

fn low_nibbles(w: u32) -> vec4<u32> {
    return (vec4<u32>(w) >> nibble_shifts) & vec4<u32>(15);
}

fn high_nibbles(w: u32) -> vec4<u32> {
    return (vec4<u32>(w) >> (nibble_shifts + 4)) & vec4<u32>(15);
}

fn signed_bytes(w: u32) -> vec4<f32> {
    return vec4<f32>(vec4<i32>(vec4<u32>(w) << vec4<u32>(24, 16, 8, 0)) >> vec4<u32>(24));
}

// The f16 with index `i` of an array of f16.
fn half_at(start: u32, i: u32) -> f32 {
    let pair = unpack2x16float(word(start + i / 2));
    return select(pair.x, pair.y, (i & 1) == 1);
}

// The 16 bits with index `i` of an array of such.
fn bits16_at(start: u32, i: u32) -> u32 {
    return (word(start + i / 2) >> (16 * (i & 1))) & 0xffff;
}

fn dequant_f32(m: Matrix, row: u32, part: u32) -> Part {
    let at = m.start.x + row * m.row.x + part * 8;
    let a = vec4<u32>(word(at), word(at + 1), word(at + 2), word(at + 3));
    let b = vec4<u32>(word(at + 4), word(at + 5), word(at + 6), word(at + 7));
    return Part(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b), 1, 0);
}

fn dequant_f16(m: Matrix, row: u32, part: u32) -> Part {
    let at = m.start.x + row * m.row.x + part * 4;
    let a = vec4<f32>(unpack2x16float(word(at)), unpack2x16float(word(at + 1)));
    let b = vec4<f32>(unpack2x16float(word(at + 2)), unpack2x16float(word(at + 3)));
    return Part(a, b, 1, 0);
}

fn brain_floats(w: u32) -> vec2<f32> {
    return bitcast<vec2<f32>>(vec2<u32>(w << 16, w & 0xffff0000));
}

fn dequant_bf16(m: Matrix, row: u32, part: u32) -> Part {
    let at = m.start.x + row * m.row.x + part * 4;
    let a = vec4<f32>(brain_floats(word(at)), brain_floats(word(at + 1)));
    let b = vec4<f32>(brain_floats(word(at + 2)), brain_floats(word(at + 3)));
    return Part(a, b, 1, 0);
}

fn dequant_q4_0(m: Matrix, row: u32, part: u32) -> Part {
    let w = word(m.start.x + row * m.row.x + part);
    let scale = half_at(m.start.z + row * m.row.z, part / 4);
    return Part(vec4<f32>(low_nibbles(w)), vec4<f32>(high_nibbles(w)), scale, -8 * scale);
}

fn dequant_q4_1(m: Matrix, row: u32, part: u32) -> Part {
    let w = word(m.start.x + row * m.row.x + part);
    let scale = unpack2x16float(word(m.start.z + row * m.row.z + part / 4));
    return Part(vec4<f32>(low_nibbles(w)), vec4<f32>(high_nibbles(w)), scale.x, scale.y);
}

// 5-bit quants of a part: nibbles `w`, and bit i of `high` above element i.
fn five_bits(w: u32, high: u32, scale: f32, offset: f32) -> Part {
    let shifts = vec4<u32>(0, 1, 2, 3);
    let a = low_nibbles(w) | (((vec4<u32>(high) >> shifts) & vec4<u32>(1)) << vec4<u32>(4));
    let b = high_nibbles(w) | (((vec4<u32>(high) >> (shifts + 4)) & vec4<u32>(1)) << vec4<u32>(4));
    return Part(vec4<f32>(a), vec4<f32>(b), scale, offset);
}

fn high_bits(m: Matrix, row: u32, part: u32) -> u32 {
    return word(m.start.y + row * m.row.y + part / 4) >> (8 * (part & 3));
}

fn dequant_q5_0(m: Matrix, row: u32, part: u32) -> Part {
    let w = word(m.start.x + row * m.row.x + part);
    let scale = half_at(m.start.z + row * m.row.z, part / 4);
    return five_bits(w, high_bits(m, row, part), scale, -16 * scale);
}

fn dequant_q5_1(m: Matrix, row: u32, part: u32) -> Part {
    let w = word(m.start.x + row * m.row.x + part);
    let scale = unpack2x16float(word(m.start.z + row * m.row.z + part / 4));
    return five_bits(w, high_bits(m, row, part), scale.x, scale.y);
}

fn dequant_q8_0(m: Matrix, row: u32, part: u32) -> Part {
    let at = m.start.x + row * m.row.x + part * 2;
    let scale = half_at(m.start.z + row * m.row.z, part / 4);
    return Part(signed_bytes(word(at)), signed_bytes(word(at + 1)), scale, 0);
}

// Scale and offset of a block of 32 in Q4_K and Q5_K.
fn k_scale(m: Matrix, row: u32, block: u32) -> vec2<f32> {
    let bits = bits16_at(m.start.z + row * m.row.z, block);
    let d = unpack2x16float(word(m.start.w + row * m.row.w + block / 8));
    return vec2<f32>(d.x * f32(bits & 255), -d.y * f32(bits >> 8));
}

fn dequant_q4_k(m: Matrix, row: u32, part: u32) -> Part {
    let w = word(m.start.x + row * m.row.x + part);
    let scale = k_scale(m, row, part / 4);
    return Part(vec4<f32>(low_nibbles(w)), vec4<f32>(high_nibbles(w)), scale.x, scale.y);
}

fn dequant_q5_k(m: Matrix, row: u32, part: u32) -> Part {
    let w = word(m.start.x + row * m.row.x + part);
    let scale = k_scale(m, row, part / 4);
    return five_bits(w, high_bits(m, row, part), scale.x, scale.y);
}

fn dequant_q6_k(m: Matrix, row: u32, part: u32) -> Part {
    let w = word(m.start.x + row * m.row.x + part);
    let high = bits16_at(m.start.y + row * m.row.y, part);
    let shifts = vec4<u32>(0, 2, 4, 6);
    let a = low_nibbles(w) | (((vec4<u32>(high) >> shifts) & vec4<u32>(3)) << vec4<u32>(4));
    let b = high_nibbles(w) | (((vec4<u32>(high) >> (shifts + 8)) & vec4<u32>(3)) << vec4<u32>(4));
    let group = part / 2; // 16 elements share a signed scale of 8 bits
    let scales = word(m.start.z + row * m.row.z + group / 4);
    let sub = f32(i32(scales << (24 - 8 * (group & 3))) >> 24);
    let scale = bitcast<f32>(word(m.start.w + row * m.row.w + part / 32)) * sub;
    return Part(vec4<f32>(a), vec4<f32>(b), scale, -32 * scale);
}
