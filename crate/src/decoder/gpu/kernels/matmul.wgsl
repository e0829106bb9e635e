// Y = X Wᵀ (+ bias) (+ inner Bᵀ) for many tokens: a workgroup computes 64 tokens by 16 bundles, each thread eight
// tokens by one bundle.
//
// Four parts of columns of both are brought to workgroup memory at a time, W dequantised once for all tokens, and both
// transposed: what a column adds to four tokens' bundles is then four products of a number and a vector, which GPUs
// with f16 compute two elements at a time. The low-rank branch is more columns of the same sums.
//
// Not valid alone: needs THREADS, HALF, X_SCALE, the alias Element, `product.wgsl` with what that needs, and
// `weight_columns`, which `Builder::by_format` makes of `weight_columns.wgsl`.

const BUNDLES = 16u;
const EIGHTS = 8u; // of tokens
const PARTS = 4u;

// The indices that vary are few and apart from the others, so that bounds are checked, and addresses computed, once.
// [part, column, bundle, two rows]
var<workgroup> w_tile: array<array<array<array<vec2<Element>, 2>, BUNDLES>, 8>, PARTS>;
// [part, column, eight tokens]
var<workgroup> x_tile: array<array<array<array<vec4<Element>, 2>, EIGHTS>, 8>, PARTS>;

// A bundle's dot products with eight tokens: a column is a token.
struct Sums {
    low: mat4x4<Element>,
    high: mat4x4<Element>,
}

// The sums with one more column of W and X.
fn add_column(sums: Sums, rows: array<vec2<Element>, 2>, x: array<vec4<Element>, 2>) -> Sums {
    let w = vec4<Element>(rows[0], rows[1]);
    return Sums(
        sums.low + mat4x4<Element>(w * x[0].x, w * x[0].y, w * x[0].z, w * x[0].w),
        sums.high + mat4x4<Element>(w * x[1].x, w * x[1].y, w * x[1].z, w * x[1].w),
    );
}

// Eight columns of two rows.
struct Columns {
    low: mat4x2<f32>,
    high: mat4x2<f32>,
}

fn transposed(p0: Part, p1: Part) -> Columns {
    return Columns(
        transpose(mat2x4<f32>(p0.a * p0.scale + p0.offset, p1.a * p1.scale + p1.offset)),
        transpose(mat2x4<f32>(p0.b * p0.scale + p0.offset, p1.b * p1.scale + p1.offset)),
    );
}

// Columns of two rows of B. With GATED those of the gate come first, where the rows of the up projection have zeros,
// then the others.
fn pair_columns(rows: vec2<u32>, up: bool, part: u32) -> Columns {
    if (GATED && up != (part >= params.pair_parts)) {
        return Columns();
    }
    let own = part - select(0, params.pair_parts, GATED && up);
    if (params.pair_scales == 0) {
        return transposed(half_part(rows.x, own), half_part(rows.y, own));
    }
    return transposed(block_part(rows.x, own), block_part(rows.y, own));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let splits = select(1u, params.splits, SPLIT);
    let split = group.x % splits;
    let first_bundle = group.x / splits * BUNDLES;
    let first_token = group.y * EIGHTS * 8;
    var segment = segment_of(first_bundle);
    segment.out += split * uniforms.tokens * params.y_row;
    let last = last_of(segment);
    let all = params.parts + params.pair_parts * select(1u, 2u, GATED); // of W, then of B
    let each = (all + splits * PARTS - 1) / (splits * PARTS) * PARTS;
    let parts = min(all, (split + 1) * each);

    let bundle = thread % BUNDLES;
    let eight = thread / BUNDLES;
    let token = first_token + eight * 8;
    var low = mat4x4<f32>();
    var high = mat4x4<f32>();
    for (var start = split * each; start < parts; start += PARTS) {
        for (var i = thread; i < 2 * BUNDLES * PARTS; i += THREADS) {
            // Neighbours take parts of one row, which lie together in memory.
            let part = i % PARTS;
            let two = i / PARTS % 2; // of the rows of a bundle
            let b = i / (2 * PARTS);
            let at = start + part;
            let four = bundle_rows(segment, first_row(segment, first_bundle + b));
            var own = segment;
            if (GATED && two == 1) {
                own = last;
            }
            var columns = Columns();
            if (at < params.parts) {
                let local = within_shard(four);
                let rows = select(local.xy, local.zw, two == 1);
                columns = weight_columns(segment.format, own.matrix, rows, at);
            } else if (ADAPTED && at < parts) {
                let rows = own.pair_row + select(four.xy, four.zw, two == 1);
                columns = pair_columns(rows, two == 1, at - params.parts);
            }
            w_tile[part][0][b][two] = vec2<Element>(columns.low[0]);
            w_tile[part][1][b][two] = vec2<Element>(columns.low[1]);
            w_tile[part][2][b][two] = vec2<Element>(columns.low[2]);
            w_tile[part][3][b][two] = vec2<Element>(columns.low[3]);
            w_tile[part][4][b][two] = vec2<Element>(columns.high[0]);
            w_tile[part][5][b][two] = vec2<Element>(columns.high[1]);
            w_tile[part][6][b][two] = vec2<Element>(columns.high[2]);
            w_tile[part][7][b][two] = vec2<Element>(columns.high[3]);
        }
        for (var i = thread; i < EIGHTS * PARTS * 4; i += THREADS) {
            let four = i % (2 * EIGHTS); // tokens
            let half = i / (2 * EIGHTS); // of a part
            let at = start * 2 + half;
            let tokens = min(vec4<u32>(first_token + four * 4) + vec4<u32>(0, 1, 2, 3), vec4<u32>(uniforms.tokens - 1));
            var rows = mat4x4<f32>();
            if (at < params.parts * 2) {
                let i = tokens * params.parts * 2 + at;
                rows = mat4x4<f32>(x[i.x], x[i.y], x[i.z], x[i.w]);
            } else if (ADAPTED && at < parts * 2) {
                var i = tokens * params.inner_row + segment.inner + at - params.parts * 2;
                for (var s = 0u; s < params.splits; s++) {
                    rows += mat4x4<f32>(inner[i.x], inner[i.y], inner[i.z], inner[i.w]);
                    i += uniforms.tokens * params.inner_row;
                }
            }
            let columns = transpose(rows) * X_SCALE;
            let first = half % 2 * 4;
            x_tile[half / 2][first][four / 2][four % 2] = vec4<Element>(columns[0]);
            x_tile[half / 2][first + 1][four / 2][four % 2] = vec4<Element>(columns[1]);
            x_tile[half / 2][first + 2][four / 2][four % 2] = vec4<Element>(columns[2]);
            x_tile[half / 2][first + 3][four / 2][four % 2] = vec4<Element>(columns[3]);
        }
        workgroupBarrier();
        for (var p = 0u; p < min(PARTS, parts - start) && token < uniforms.tokens; p++) {
            var sums = Sums();
            if (!HALF) {
                sums = Sums(mat4x4<Element>(low), mat4x4<Element>(high));
            }
            sums = add_column(sums, w_tile[p][0][bundle], x_tile[p][0][eight]);
            sums = add_column(sums, w_tile[p][1][bundle], x_tile[p][1][eight]);
            sums = add_column(sums, w_tile[p][2][bundle], x_tile[p][2][eight]);
            sums = add_column(sums, w_tile[p][3][bundle], x_tile[p][3][eight]);
            sums = add_column(sums, w_tile[p][4][bundle], x_tile[p][4][eight]);
            sums = add_column(sums, w_tile[p][5][bundle], x_tile[p][5][eight]);
            sums = add_column(sums, w_tile[p][6][bundle], x_tile[p][6][eight]);
            sums = add_column(sums, w_tile[p][7][bundle], x_tile[p][7][eight]);
            if (HALF) {
                // f16 holds no longer sums well enough.
                low += mat4x4<f32>(sums.low);
                high += mat4x4<f32>(sums.high);
            } else {
                low = mat4x4<f32>(sums.low);
                high = mat4x4<f32>(sums.high);
            }
        }
        workgroupBarrier();
    }
    low *= 1 / X_SCALE;
    high *= 1 / X_SCALE;

    let row = first_row(segment, first_bundle + bundle);
    store(segment, token, row, low[0]);
    store(segment, token + 1, row, low[1]);
    store(segment, token + 2, row, low[2]);
    store(segment, token + 3, row, low[3]);
    store(segment, token + 4, row, high[0]);
    store(segment, token + 5, row, high[1]);
    store(segment, token + 6, row, high[2]);
    store(segment, token + 7, row, high[3]);
}
