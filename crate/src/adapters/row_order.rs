//! Order of the rows of q and k: GGUF files of `llama` store them for interleaved RoPE, Hugging Face's models do not.

use crate::model::quant::Element;

/// Undoes the row order of `llama` GGUF files: `b` is [d, rank] of q or k.
pub fn to_hugging_face_rows<T: Element>(b: &[T], rank: usize, head_dim: usize) -> Vec<T> {
    permute_rows(b, rank, head_dim, hugging_face_row)
}

/// Applies the row order of `llama` GGUF files: `b` is [d, rank] of q or k.
pub fn to_interleaved_rows<T: Element>(b: &[T], rank: usize, head_dim: usize) -> Vec<T> {
    permute_rows(b, rank, head_dim, interleaved_row)
}

/// Returns the row of a head in Hugging Face's order that row `row` in interleaved order is.
fn interleaved_row(row: usize, head_dim: usize) -> usize {
    row / 2 + (row % 2) * (head_dim / 2)
}

/// Returns the row of a head in interleaved order that row `row` in Hugging Face's order is.
fn hugging_face_row(row: usize, head_dim: usize) -> usize {
    let half = head_dim / 2;
    (row % half) * 2 + row / half
}

/// Reorders the rows of each head of `b` [d, rank]: row i of the result is row `from(i, head_dim)`.
fn permute_rows<T: Element>(b: &[T], rank: usize, head_dim: usize, from: fn(usize, usize) -> usize) -> Vec<T> {
    let length = rank / T::VALUES;
    let mut rows = Vec::with_capacity(b.len());
    for row in 0..b.len() / length {
        let head = row / head_dim * head_dim;
        let source = head + from(row % head_dim, head_dim);
        rows.extend_from_slice(&b[source * length..(source + 1) * length]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_row_orders_undo_each_other() {
        let (rank, head_dim, heads) = (3, 8, 2);
        let b: Vec<f32> = (0..rank * head_dim * heads).map(|i| i as f32).collect();
        let interleaved = to_interleaved_rows(&b, rank, head_dim);
        assert_ne!(interleaved, b);
        assert_eq!(to_hugging_face_rows(&interleaved, rank, head_dim), b);
        // Row 1 of interleaved order is the partner of row 0: row head_dim / 2 in Hugging Face's order.
        assert_eq!(interleaved[rank..2 * rank], b[4 * rank..5 * rank]);
    }
}
