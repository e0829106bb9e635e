// Adds the output `h` of a sublayer to the residual stream and normalises the sum for the next one:
// x' = x + h (or x + RMSNorm(h), where there is a norm after sublayers), n = RMSNorm(x').
//
// With ADAPTED (one token), every workgroup but the first computes four rows of A n for the next sublayer's low-rank
// branches. With SUBLAYER_ADAPTED (one token), h lacks its own branch's B (A y), of rank 8, and A y follows it.
//
// Not valid alone: needs THREADS, FOURS, HAS_SUBLAYER, POST_NORM, SUBLAYER_ADAPTED, ADAPTED, `branch_input.wgsl` and
// `reduce_*.wgsl`.

struct Norm {
    width: u32, // of a token, in vec4
    post: u32, // weight of the norm after the sublayer in `vectors`, in vec4, or none
    weight: u32, // weight of the norm before the next sublayer in `vectors`, in vec4
    inner_rows: u32, // rows of A
    inner_scales: u32, // where its scales begin in `pairs`, in words, or 0 for f16
    epsilon: f32,
}

@group(0) @binding(1) var<uniform> params: Norm;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [tokens, width]
@group(0) @binding(3) var<storage, read> h: array<vec4<f32>>; // [tokens, width], then A y
@group(0) @binding(4) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> sum: array<vec4<f32>>; // x': [tokens, width]
@group(0) @binding(6) var<storage, read_write> normalised: array<vec4<f32>>; // n: [tokens, width]
@group(0) @binding(7) var<storage, read> sublayer_pairs: array<vec4<u32>>; // B as f16, [width, 8]
@group(0) @binding(8) var<storage, read> pairs: array<vec2<u32>>; // A as f16 or Q8_0, [inner_rows, width]
@group(0) @binding(9) var<storage, read_write> inner: array<f32>; // A n: [inner_rows]

// A row of B times A y.
fn sublayer_product(row: u32) -> f32 {
    let b = sublayer_pairs[row];
    return dot(vec4<f32>(unpack2x16float(b.x), unpack2x16float(b.y)), h[params.width])
        + dot(vec4<f32>(unpack2x16float(b.z), unpack2x16float(b.w)), h[params.width + 1]);
}

// Elements 4 i to 4 i + 3 of the sublayer's output.
fn sublayer_output(start: u32, i: u32) -> vec4<f32> {
    if (!SUBLAYER_ADAPTED) {
        return h[start + i];
    }
    let row = 4 * i;
    let products = vec4<f32>(
        sublayer_product(row),
        sublayer_product(row + 1),
        sublayer_product(row + 2),
        sublayer_product(row + 3),
    );
    return h[start + i] + products;
}

fn inverse_root(sum_of_squares: f32) -> f32 {
    return inverseSqrt(sum_of_squares / f32(4 * params.width) + params.epsilon);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let start = group.y * params.width;
    var values: array<vec4<f32>, FOURS>; // every THREADS-th four elements of the token
    if (HAS_SUBLAYER) {
        var squares = 0.0;
        for (var k = 0u; k < FOURS; k++) {
            let i = thread + k * THREADS;
            if (i < params.width) {
                values[k] = sublayer_output(start, i);
                squares += dot(values[k], values[k]);
            }
        }
        if (POST_NORM) {
            let scale = inverse_root(sum_lanes(squares, thread));
            for (var k = 0u; k < FOURS; k++) {
                let i = thread + k * THREADS;
                if (i < params.width) {
                    values[k] *= scale * vectors[params.post + i];
                }
            }
        }
    }
    var squares = 0.0;
    for (var k = 0u; k < FOURS; k++) {
        let i = thread + k * THREADS;
        if (i < params.width) {
            values[k] += x[start + i];
            squares += dot(values[k], values[k]);
        }
    }
    let scale = inverse_root(sum_lanes(squares, thread));

    if (!ADAPTED || group.x == 0) {
        for (var k = 0u; k < FOURS; k++) {
            let i = thread + k * THREADS;
            if (i < params.width) {
                sum[start + i] = values[k];
                normalised[start + i] = values[k] * scale * vectors[params.weight + i];
            }
        }
        return;
    }
    let first = (group.x - 1) * 4;
    let rows = input_rows(first);
    var products = vec4<f32>();
    for (var k = 0u; k < FOURS; k++) {
        let i = thread + k * THREADS;
        if (i < params.width) {
            products += input_products(rows, params.width, i, values[k] * vectors[params.weight + i]);
        }
    }
    store_input(first, thread, sum_lanes_4(products, thread) * scale);
}
