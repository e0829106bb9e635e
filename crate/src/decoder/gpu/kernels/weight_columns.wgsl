// Template of `weight_columns_FORMAT`: eight columns of two rows of a matrix, dequantised. `FORMAT` stands for the name
// of a storage format; `Builder::by_format` fills it in for each.
// Not valid alone: for `matmul.wgsl`, whose `Columns` and `transposed` it uses, with `Matrix`, `row_start` and
// `dequant_FORMAT` of `format.wgsl`.

fn weight_columns_FORMAT(m: Matrix, rows: vec2<u32>, part: u32) -> Columns {
    return transposed(
        dequant_FORMAT(row_start(m, rows.x), part),
        dequant_FORMAT(row_start(m, rows.y), part),
    );
}
