fn weight_columns_FORMAT(m: Matrix, rows: vec2<u32>, part: u32) -> Columns {
    return transposed(
        dequant_FORMAT(row_start(m, rows.x), part),
        dequant_FORMAT(row_start(m, rows.y), part),
    );
}
