fn weight_columns_FORMAT(first: Matrix, second: Matrix, rows: vec4<u32>, part: u32) -> Columns {
    return transposed(
        dequant_FORMAT(first, rows.x, part),
        dequant_FORMAT(first, rows.y, part),
        dequant_FORMAT(second, rows.z, part),
        dequant_FORMAT(second, rows.w, part),
    );
}
