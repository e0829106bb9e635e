// A n, where n is what a kernel computes for the next: a workgroup takes four rows of A, a thread every THREADS-th four
// elements of n.

// Rows of A. Those past the end are computed as the last one and not written.
fn input_rows(first: u32) -> vec4<u32> {
    return min(vec4<u32>(first) + vec4<u32>(0, 1, 2, 3), vec4<u32>(params.inner_rows - 1));
}

// What the four elements `n`, the `i`-th of `width`, add to the products of four rows.
fn input_products(rows: vec4<u32>, width: u32, i: u32, n: vec4<f32>) -> vec4<f32> {
    var products = vec4<f32>();
    for (var r = 0u; r < 4; r++) {
        let packed = pairs[rows[r] * width + i];
        products[r] = dot(n, vec4<f32>(unpack2x16float(packed.x), unpack2x16float(packed.y)));
    }
    return products;
}

fn store_input(first: u32, thread: u32, products: vec4<f32>) {
    if (thread < 4 && first + thread < params.inner_rows) {
        inner[first + thread] = products[thread];
    }
}
