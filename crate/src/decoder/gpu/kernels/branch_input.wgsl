// A n, where n is what a kernel computes for the next: a workgroup takes four rows of A, a thread every THREADS-th four
// elements of n.
// Not valid alone: needs `bytes.wgsl` and the bindings `params`, `pairs` and `inner`, as `norm.wgsl` and `combine.wgsl`
// declare them.

// Rows of A. Those past the end are computed as the last one and not written.
fn input_rows(first: u32) -> vec4<u32> {
    return min(vec4<u32>(first) + vec4<u32>(0, 1, 2, 3), vec4<u32>(params.inner_rows - 1));
}

fn pair_word(i: u32) -> u32 {
    let words = pairs[i / 2];
    return select(words.x, words.y, (i & 1) == 1);
}

// What the four elements `n`, the `i`-th of `width`, add to the products of four rows.
fn input_products(rows: vec4<u32>, width: u32, i: u32, n: vec4<f32>) -> vec4<f32> {
    var products = vec4<f32>();
    if (params.inner_scales == 0) {
        for (var r = 0u; r < 4; r++) {
            let packed = pairs[rows[r] * width + i];
            products[r] = dot(n, vec4<f32>(unpack2x16float(packed.x), unpack2x16float(packed.y)));
        }
        return products;
    }
    let block = i / 8;
    for (var r = 0u; r < 4; r++) {
        let scales = pair_word(params.inner_scales + rows[r] * ((width + 15) / 16) + block / 2);
        let quants = bytes(pair_word(rows[r] * width + i)) - 128;
        products[r] = dot(n, quants) * unpack2x16float(scales >> (16 * (block & 1))).x;
    }
    return products;
}

fn store_input(first: u32, thread: u32, products: vec4<f32>) {
    if (thread < 4 && first + thread < params.inner_rows) {
        inner[first + thread] = products[thread];
    }
}
