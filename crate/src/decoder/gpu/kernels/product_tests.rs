//! Products against their definition in f64.

use super::product::{Branch, Epilogue, Product};
use super::testing::{activate, compare, dot, each_gpu, matrices, pair_matrix, random, run};
use super::{linear, matmul};
use crate::decoder::gpu::device::Gpu;
use crate::decoder::gpu::format::WeightFormat;
use crate::decoder::gpu::matrix::Matrix;
use crate::decoder::gpu::step_uniforms::StepUniforms;
use crate::model::config::Activation;

#[derive(Clone, Copy)]
struct Case<'a> {
    shapes: &'a [(WeightFormat, usize, usize)],
    shard_rows: Option<usize>,
    tokens: usize,
    rank: usize,
    in_blocks: bool,
    gate: Option<Activation>,
    index: Option<usize>,
}

/// Value of elements that are not written.
const UNTOUCHED: f32 = 7.0;

async fn check(gpu: &Gpu, case: Case<'_>) {
    let Case { shapes, shard_rows, tokens, rank, in_blocks, gate, index } = case;
    let (matrices, values) = matrices(gpu, shapes, shard_rows);
    let columns = shapes[0].2;
    let rows: usize = shapes.iter().map(|shape| shape.1).sum();
    let y_row = if gate.is_some() { shapes[0].1 } else { rows };
    let x = random("x", tokens * columns);
    let bias = random("bias", rows);
    let (b, b_values) = pair_matrix(gpu, in_blocks, rows, rank.max(8));
    let inner_row = shapes.len() * rank.max(8);
    let inner = random("inner", tokens * inner_row);
    let biased = gate.is_none();
    let mut at = 0;
    let biases = shapes.iter().map(|shape| {
        at += shape.1 as u32;
        biased.then_some(at - shape.1 as u32)
    });
    let biases: Vec<Option<u32>> = biases.collect();
    let x_buffer = gpu.storage_with("x", &x).unwrap();
    let vectors = gpu.storage_with("bias", &bias).unwrap();
    let placeholder = gpu.storage("placeholder", 16).unwrap();
    let product = |y, inner: &[f32]| Product {
        matrices: &matrices,
        index,
        x: &x_buffer,
        y,
        vectors: &vectors,
        branch: (rank > 0).then(|| Branch::Added {
            b: b.clone(),
            inner: gpu.storage_with("inner", inner).unwrap(),
            splits: 1,
        }),
        epilogue: gate.map_or(Epilogue::Bias(&biases), Epilogue::Gate),
        splits: 1,
        placeholder: &placeholder,
    };
    // The last token's A x is all that decoding has.
    let last_inner = &inner[(tokens - 1) * inner_row..];
    let many = gpu.storage_with("y", &vec![UNTOUCHED; tokens * y_row]).unwrap();
    let one = gpu.storage_with("y", &vec![UNTOUCHED; y_row]).unwrap();
    let ops =
        vec![matmul::op(product(&many, &inner), gpu.features), linear::op(product(&one, last_inner), gpu.features)];
    run(gpu, StepUniforms::new(3, tokens), ops).await;

    let written = |row: usize| {
        let end = |i: usize| shapes[..i].iter().map(|shape| shape.1).sum::<usize>();
        index.is_none_or(|index| (end(index)..end(index + 1)).contains(&row))
    };
    let mut expected = Vec::new();
    for token in 0..tokens {
        let mut products = Vec::new();
        for (i, (shape, values)) in shapes.iter().zip(&values).enumerate() {
            for row in 0..shape.1 {
                let at = products.len();
                let mut product = dot(&values[row * columns..][..columns], &x[token * columns..][..columns]);
                if rank > 0 {
                    product += dot(&b_values[at * rank..][..rank], &inner[token * inner_row + i * rank..][..rank]);
                }
                products.push(product + if biased { f64::from(bias[at]) } else { 0.0 });
            }
        }
        expected.extend((0..y_row).map(|row| match gate {
            None if written(row) => products[row],
            None => f64::from(UNTOUCHED),
            Some(activation) => activate(activation, products[row]) * products[row + y_row],
        }));
    }
    let label = format!(
        "{shapes:?}, {tokens} tokens, shards of {shard_rows:?}, B {:?} of rank {rank}, {gate:?}, only {index:?}",
        b.format
    );
    // f32: rounding of at most 512 products below 1. f16: factors and sums of eight are rounded to 11 bits, and such
    // errors of 512 random terms add up to a few times 2^-11 · √512 · 0.3. Gated ones are times a number up to 100.
    let [f32s, f16s] = if gate.is_some() { [1e-2, 2.0] } else { [1e-4, 0.02] };
    let got: Vec<f32> = gpu.read(&many, expected.len()).await.unwrap();
    compare(&format!("matmul {label}"), &got, &expected, if gpu.features.f16 { f16s } else { f32s });
    let got: Vec<f32> = gpu.read(&one, y_row).await.unwrap();
    compare(&format!("linear {label}"), &got, &expected[(tokens - 1) * y_row..], f32s);
}

/// Compares W x with A x behind it.
async fn check_appended(gpu: &Gpu, shape: (WeightFormat, usize, usize), shard_rows: Option<usize>, rank: usize) {
    let (format, rows, columns) = shape;
    let (matrices, values) = matrices(gpu, &[shape], shard_rows);
    let x = random("x", columns);
    let (a, a_values) = pair_matrix(gpu, false, rank, columns);
    let placeholder = gpu.storage("placeholder", 16).unwrap();
    let y = gpu.storage_with("y", &vec![UNTOUCHED; rows + rank + 1]).unwrap();
    let product = Product {
        matrices: &matrices,
        index: None,
        x: &gpu.storage_with("x", &x).unwrap(),
        y: &y,
        vectors: &placeholder,
        branch: Some(Branch::Appended { a }),
        epilogue: Epilogue::Bias(&[]),
        splits: 1,
        placeholder: &placeholder,
    };
    run(gpu, StepUniforms::new(3, 1), vec![linear::op(product, gpu.features)]).await;
    let all = values[0].chunks(columns).chain(a_values.chunks(columns));
    let mut expected: Vec<f64> = all.map(|row| dot(row, &x)).collect();
    expected.push(f64::from(UNTOUCHED));
    let label = format!("{format:?}, {rows} rows, shards of {shard_rows:?}, rank {rank} behind");
    compare(&label, &gpu.read(&y, expected.len()).await.unwrap(), &expected, 1e-4);
}

/// Compares W x + B (A x), where several workgroups share A's columns.
async fn check_split(gpu: &Gpu, shape: (WeightFormat, usize, usize), tokens: usize, rank: usize, in_blocks: bool) {
    let (_, rows, columns) = shape;
    let (matrices, values) = matrices(gpu, &[shape], None);
    let x = random("x", tokens * columns);
    let (a, a_values) = pair_matrix(gpu, in_blocks, rank, columns);
    let (b, b_values) = pair_matrix(gpu, in_blocks, rows, rank);
    let splits = matmul::splits(columns);
    assert!(splits > 1);
    let x_buffer = gpu.storage_with("x", &x).unwrap();
    let placeholder = gpu.storage("placeholder", 16).unwrap();
    let written = splits * tokens * rank;
    let inner = gpu.storage_with("inner", &vec![UNTOUCHED; written + 1]).unwrap();
    let y = gpu.storage("y", 4 * (tokens * rows) as u64).unwrap();
    let op = |matrices: &[Matrix], y, splits, branch| {
        let (x, vectors, placeholder, epilogue) = (&x_buffer, &placeholder, &placeholder, Epilogue::Bias(&[]));
        let product = Product { matrices, index: None, x, y, vectors, branch, epilogue, splits, placeholder };
        matmul::op(product, gpu.features)
    };
    let branch = Branch::Added { b, inner: inner.clone(), splits };
    let ops = vec![op(&[a], &inner, splits, None), op(&matrices, &y, 1, Some(branch))];
    run(gpu, StepUniforms::new(3, tokens), ops).await;

    let got: Vec<f32> = gpu.read(&inner, written + 1).await.unwrap();
    assert_eq!(got[written], UNTOUCHED, "nothing is written behind the last split");
    let mut expected = Vec::new();
    for x in x.chunks(columns) {
        let inner: Vec<f32> = a_values.chunks(columns).map(|row| dot(row, x) as f32).collect();
        let rows = values[0].chunks(columns).zip(b_values.chunks(rank));
        expected.extend(rows.map(|(w, b)| dot(w, x) + dot(b, &inner)));
    }
    let label = format!("{shape:?}, {tokens} tokens, A x in {splits} splits, rank {rank}");
    // As in `check`, with twice the columns; and A x, of tens at most, has the same errors, of which B adds up as many
    // as the rank.
    let tolerance = if gpu.features.f16 { 0.2 } else { 1e-3 };
    compare(&label, &gpu.read(&y, expected.len()).await.unwrap(), &expected, tolerance);
}

#[test]
fn every_format_is_the_dequantised_product() {
    each_gpu(async |gpu| {
        for format in WeightFormat::ALL {
            let shapes = &[(format, 70, 512)];
            check(
                gpu,
                Case { shapes, shard_rows: None, tokens: 37, rank: 0, in_blocks: false, gate: None, index: None },
            )
            .await;
        }
    });
}

#[test]
fn segments_branches_gates_and_splits() {
    use WeightFormat::{F16, F32, Q4_K, Q5_0, Q8_0};
    each_gpu(async |gpu| {
        let shapes = &[(F32, 5, 40)];
        let plain = Case { shapes, shard_rows: None, tokens: 2, rank: 0, in_blocks: false, gate: None, index: None };
        let qkv = [(Q5_0, 78, 96), (Q8_0, 7, 96), (F16, 9, 96)];
        check(gpu, plain).await;
        check(gpu, Case { shapes: &[(F16, 65, 24)], tokens: 70, rank: 8, ..plain }).await;
        check(gpu, Case { shapes: &qkv, ..plain }).await;
        check(gpu, Case { shapes: &qkv, tokens: 65, rank: 24, ..plain }).await;
        check(gpu, Case { shapes: &qkv, rank: 8, index: Some(1), ..plain }).await;
        check(gpu, Case { shapes: &[(Q8_0, 130, 64)], shard_rows: Some(68), rank: 40, ..plain }).await;
        let gate = [(Q4_K, 37, 256), (Q4_K, 37, 256)];
        check(gpu, Case { shapes: &gate, tokens: 9, gate: Some(Activation::Silu), ..plain }).await;
        check(gpu, Case { shapes: &gate, rank: 16, gate: Some(Activation::GeluTanh), ..plain }).await;
        let blocks = Case { in_blocks: true, ..plain };
        check(gpu, Case { shapes: &qkv, tokens: 65, rank: 32, ..blocks }).await;
        check(gpu, Case { shapes: &qkv, rank: 96, index: Some(1), ..blocks }).await;
        check(gpu, Case { shapes: &gate, rank: 64, gate: Some(Activation::Silu), ..blocks }).await;
        // A vocabulary's.
        check(gpu, Case { shapes: &[(Q8_0, 65_541, 32)], shard_rows: Some(32_772), ..plain }).await;
        check_split(gpu, (Q8_0, 70, 640), 67, 8, false).await;
        check_split(gpu, (Q8_0, 9, 1024), 5, 32, true).await;
        check_appended(gpu, (Q4_K, 36, 512), None, 8).await;
        check_appended(gpu, (Q8_0, 68, 96), Some(36), 24).await;
    });
}
