fn weight_columns_FORMAT(first: Matrix, second: Matrix, rows: vec4<u32>, part: u32) -> Columns {
    return transposed(
        dequant_FORMAT(row_start(first, rows.x), part),
        dequant_FORMAT(row_start(first, rows.y), part),
        dequant_FORMAT(row_start(second, rows.z), part),
        dequant_FORMAT(row_start(second, rows.w), part),
    );
}
