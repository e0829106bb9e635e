// Y = X Wᵀ (+ bias) (+ inner Bᵀ) for many tokens: a workgroup computes TOKENS tokens by 64 rows, each thread four by four.
// 32 columns of both are brought to workgroup memory at a time, W dequantised once for all tokens. The low-rank branch is
// more columns of the same sums.

struct Product {
    matrix: Matrix,
    format: u32,
    rows: u32,
    parts: u32, // of a row of W
    bias: u32, // offset in `vectors`, or none
    x_row: u32, // of `x`, in vec4
    x_start: u32, // within a row, in vec4
    y_row: u32,
    y_start: u32, // within a row
    shard_rows: u32, // rows of W in one buffer
    rank: u32, // columns of B, a multiple of 8
    pair_start: u32, // of B in `pairs`
    inner_row: u32, // of `inner`, in vec4
    inner_start: u32, // within a row, in vec4
}

@group(0) @binding(1) var<uniform> params: Product;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [tokens, x_row]
@group(0) @binding(3) var<storage, read_write> y: array<f32>; // [tokens, y_row]
@group(0) @binding(4) var<storage, read> vectors: array<f32>;
@group(0) @binding(5) var<storage, read> pairs: array<u32>; // B as f16, [rows, rank]
@group(0) @binding(6) var<storage, read> inner: array<vec4<f32>>; // X Aᵀ: [tokens, inner_row]

const ROWS = 64u;
const pitch = 9u; // vec4 from row to row of a tile: 8 of 32 columns, and one that spreads rows over memory banks
var<workgroup> w_tile: array<vec4<Element>, ROWS * pitch>;
var<workgroup> x_tile: array<vec4<Element>, TOKENS * pitch>;

// What column block `c` of the tile adds to a token's four rows.
fn products(token: u32, c: u32, w0: vec4<Element>, w1: vec4<Element>, w2: vec4<Element>, w3: vec4<Element>) -> vec4<f32> {
    let v = x_tile[token * pitch + c];
    return vec4<f32>(vec4<Element>(dot(w0, v), dot(w1, v), dot(w2, v), dot(w3, v)));
}

fn store(token: u32, first_row: u32, sums: vec4<f32>) {
    for (var r = 0u; r < 4; r++) {
        let row = first_row + r * (ROWS / 4);
        if (token < step.tokens && row < params.rows) {
            let at = token * params.y_row + params.y_start + row;
            var value = sums[r] / X_SCALE;
            if (params.bias != none) {
                value += vectors[params.bias + row];
            }
            y[at] = value;
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first_row = group.x * ROWS;
    let first_token = group.y * TOKENS;
    let my_row = thread % (ROWS / 4);
    let my_token = thread / (ROWS / 4);
    // One for each token. An array that is indexed in a loop would be kept in memory by compilers that do not unroll it.
    var sums_0 = vec4<f32>();
    var sums_1 = vec4<f32>();
    var sums_2 = vec4<f32>();
    var sums_3 = vec4<f32>();

    let behind = (params.parts + 3) / 4 * 4; // parts of W, in whole tiles: then come those of B
    for (var start = 0u; start < behind + params.rank / 8; start += 4) {
        let branch = ADAPTED && start >= behind;
        for (var i = thread; i < ROWS * 4; i += THREADS) {
            let part = start + i % 4;
            let row = min(first_row + i / 4, params.rows - 1);
            var a = vec4<f32>();
            var b = vec4<f32>();
            if (branch) {
                if (part - behind < params.rank / 8) {
                    let at = params.pair_start + row * (params.rank / 2) + (part - behind) * 4;
                    a = vec4<f32>(unpack2x16float(pairs[at]), unpack2x16float(pairs[at + 1]));
                    b = vec4<f32>(unpack2x16float(pairs[at + 2]), unpack2x16float(pairs[at + 3]));
                }
            } else if (part < params.parts) {
                shard = row / params.shard_rows;
                let w = dequant(params.format, params.matrix, row % params.shard_rows, part);
                a = w.a * w.scale + w.offset;
                b = w.b * w.scale + w.offset;
            }
            let at = i / 4 * pitch + i % 4 * 2;
            w_tile[at] = vec4<Element>(a);
            w_tile[at + 1] = vec4<Element>(b);
        }
        for (var i = thread; i < TOKENS * 8; i += THREADS) {
            let column = start * 2 + i % 8;
            let token = min(first_token + i / 8, step.tokens - 1);
            var value = vec4<f32>();
            if (branch) {
                if (column - behind * 2 < params.rank / 4) {
                    value = inner[token * params.inner_row + params.inner_start + column - behind * 2];
                }
            } else if (column < params.parts * 2) {
                value = x[token * params.x_row + params.x_start + column];
            }
            x_tile[i / 8 * pitch + i % 8] = vec4<Element>(value * X_SCALE);
        }
        workgroupBarrier();
        for (var c = 0u; c < 8; c++) {
            let w0 = w_tile[my_row * pitch + c];
            let w1 = w_tile[(my_row + ROWS / 4) * pitch + c];
            let w2 = w_tile[(my_row + ROWS / 2) * pitch + c];
            let w3 = w_tile[(my_row + ROWS / 4 * 3) * pitch + c];
            sums_0 += products(my_token, c, w0, w1, w2, w3);
            sums_1 += products(my_token + TOKENS / 4, c, w0, w1, w2, w3);
            sums_2 += products(my_token + TOKENS / 2, c, w0, w1, w2, w3);
            sums_3 += products(my_token + TOKENS / 4 * 3, c, w0, w1, w2, w3);
        }
        workgroupBarrier();
    }

    store(first_token + my_token, first_row + my_row, sums_0);
    store(first_token + my_token + TOKENS / 4, first_row + my_row, sums_1);
    store(first_token + my_token + TOKENS / 2, first_row + my_row, sums_2);
    store(first_token + my_token + TOKENS / 4 * 3, first_row + my_row, sums_3);
}
