// y = W x (+ bias) (+ B inner) for one token: a run of LANES threads computes a bundle, each thread every LANES-th
// part. With APPENDED the rows of A follow those of W, and A x is written behind W x.
//
// Not valid alone: needs LANES, THREADS, `product.wgsl` with what that needs, `reduce_*.wgsl`, and `accumulate`, which
// `Builder::by_format` makes of `accumulate.wgsl`.

fn part_product(p: Part, x: mat2x4<f32>) -> f32 {
    return p.scale * (dot(p.a, x[0]) + dot(p.b, x[1])) + p.offset * dot(x[0] + x[1], vec4<f32>(1));
}

// Part `part` of four rows of `pairs`, the first two times `x`, the last two times `z`.
fn pair_products(rows: vec4<u32>, part: u32, x: mat2x4<f32>, z: mat2x4<f32>) -> vec4<f32> {
    if (params.pair_scales == 0) {
        return vec4<f32>(
            part_product(half_part(rows.x, part), x),
            part_product(half_part(rows.y, part), x),
            part_product(half_part(rows.z, part), z),
            part_product(half_part(rows.w, part), z),
        );
    }
    return vec4<f32>(
        part_product(block_part(rows.x, part), x),
        part_product(block_part(rows.y, part), x),
        part_product(block_part(rows.z, part), z),
        part_product(block_part(rows.w, part), z),
    );
}

// Rows of B.
fn pair_rows(segment: Segment, last: Segment, rows: vec4<u32>) -> vec4<u32> {
    return rows + vec4<u32>(vec2<u32>(segment.pair_row), vec2<u32>(last.pair_row));
}

// B inner of four rows; A x of the first two begins at `first`, that of the last two at `second`.
fn low_rank(rows: vec4<u32>, first: u32, second: u32, lane: u32) -> vec4<f32> {
    var sums = vec4<f32>();
    for (var part = lane; part < params.pair_parts; part += LANES) {
        let a = first + 2 * part;
        let b = second + 2 * part;
        sums += pair_products(rows, part, mat2x4<f32>(inner[a], inner[a + 1]), mat2x4<f32>(inner[b], inner[b + 1]));
    }
    return sums;
}

// A x of four rows, for x from `start` on.
fn low_rank_input(rows: vec4<u32>, start: u32, lane: u32) -> vec4<f32> {
    var sums = vec4<f32>();
    for (var part = lane; part < params.pair_parts; part += LANES) {
        let eight = mat2x4<f32>(x[start + 2 * part], x[start + 2 * part + 1]);
        sums += pair_products(rows, part, eight, eight);
    }
    return sums;
}

// W x of four rows, for x from `start` on. In each of the calls the buffer is a constant, once they are inlined, so
// that no read is a branch.
fn product(segment: Segment, last: Segment, rows: vec4<u32>, start: u32, lane: u32) -> vec4<f32> {
    let local = within_shard(rows);
    if (SHARDS > 1 && shard == 1) {
        shard = 1;
        return accumulate(segment.format, segment.matrix, last.matrix, local, start, lane);
    }
    if (SHARDS > 2 && shard == 2) {
        shard = 2;
        return accumulate(segment.format, segment.matrix, last.matrix, local, start, lane);
    }
    shard = 0;
    return accumulate(segment.format, segment.matrix, last.matrix, local, start, lane);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lane = thread % LANES;
    let bundle = group.x * (THREADS / LANES) + thread / LANES;
    let segment = segment_of(bundle);
    let last = last_of(segment);
    let first = first_row(segment, bundle);
    let rows = bundle_rows(segment, first);
    let start = (uniforms.tokens - 1) * params.parts * 2;

    var sums = vec4<f32>();
    if (APPENDED && segment.format == none) {
        sums = low_rank_input(rows, start, lane);
    } else {
        sums = product(segment, last, rows, start, lane);
    }
    if (ADAPTED) {
        sums += low_rank(pair_rows(segment, last, rows), segment.inner, last.inner, lane);
    }
    sums = sum_lanes_4(sums, thread);
    if (lane == 0) {
        store(segment, 0, first, sums);
    }
}
