// Writes the embedding of token `id`, scaled, to x. A workgroup takes one token; `dequant` and `word` read the matrix.
// Not valid alone: needs THREADS, `format.wgsl`, the functions that `Builder::matrix` generates, and the bindings
// `params` and `x`.

struct Embedding {
    matrix: Matrix,
    format: u32,
    parts: u32, // of a row
    shard_rows: u32, // rows in one buffer
    vocab: u32,
    scale: f32,
    tiles: u32, // of logits, whose candidates `sample` chooses among
}

fn embed_row(id: u32, token: u32, thread: u32) {
    shard = id / params.shard_rows;
    let start = row_start(params.matrix, id % params.shard_rows);
    for (var part = thread; part < params.parts; part += THREADS) {
        let w = dequant(params.format, start, part);
        let at = (token * params.parts + part) * 2;
        x[at] = (w.a * w.scale + w.offset) * params.scale;
        x[at + 1] = (w.b * w.scale + w.offset) * params.scale;
    }
}
