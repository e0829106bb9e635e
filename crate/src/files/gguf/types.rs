//! ggml's types: numbers, names, and which of them are read.

use candle_core::quantized::GgmlDType;

/// ggml's number, candle's type and ggml's name of each type that is read and written.
pub const TYPES: [(u32, GgmlDType, &str); 11] = [
    (0, GgmlDType::F32, "F32"),
    (1, GgmlDType::F16, "F16"),
    (30, GgmlDType::BF16, "BF16"),
    (2, GgmlDType::Q4_0, "Q4_0"),
    (3, GgmlDType::Q4_1, "Q4_1"),
    (6, GgmlDType::Q5_0, "Q5_0"),
    (7, GgmlDType::Q5_1, "Q5_1"),
    (8, GgmlDType::Q8_0, "Q8_0"),
    (12, GgmlDType::Q4K, "Q4_K"),
    (13, GgmlDType::Q5K, "Q5_K"),
    (14, GgmlDType::Q6K, "Q6_K"),
];

/// Numbers and names of ggml's other types, so that a refusal says what the user has, not a number.
const REFUSED: [(u32, &str); 21] = [
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
];

/// Returns the type that ggml numbers `id`, or the name to refuse it by.
pub(super) fn from_id(id: u32) -> Result<GgmlDType, String> {
    if let Some((_, dtype, _)) = TYPES.iter().find(|(known, ..)| *known == id) {
        return Ok(*dtype);
    }
    let name = REFUSED.iter().find(|(known, _)| *known == id);
    Err(name.map_or_else(|| format!("number {id}"), |(_, name)| (*name).to_owned()))
}

/// Returns ggml's number for `dtype`, or `None` if it is not among [`TYPES`].
pub(super) fn id_of(dtype: GgmlDType) -> Option<u32> {
    TYPES.iter().find(|(_, known, _)| *known == dtype).map(|(id, ..)| *id)
}

/// Returns the name that ggml gives `dtype`; `unknown` if it is not among [`TYPES`].
pub fn type_name(dtype: GgmlDType) -> &'static str {
    TYPES.iter().find(|(_, known, _)| *known == dtype).map_or("unknown", |(.., name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_candles_and_each_is_there_once() {
        for (id, dtype, name) in TYPES {
            assert_eq!((from_id(id), id_of(dtype), type_name(dtype)), (Ok(dtype), Some(id), name));
        }
        for (id, name) in REFUSED {
            assert_eq!(from_id(id), Err(name.to_owned()));
        }
        assert_eq!(from_id(99), Err("number 99".to_owned()));
    }
}
