//! Prefill: the gate's activation times the up projection.

use std::rc::Rc;

use bytemuck::{Pod, Zeroable};

use super::ACTIVATION;
use crate::decoder::gpu::buffer::Buffer;
use crate::decoder::gpu::features::Features;
use crate::decoder::gpu::program::{Extent, Op};
use crate::decoder::gpu::shader::{Access, Builder};
use crate::model::config::Activation;

const THREADS: u32 = 128;

/// Parameters, as `Gated` in `gated.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Params {
    pub(super) width: u32,
}

/// Records activation(gate) · up of `gate_and_up: [tokens, gate | up]` into `out: [tokens, width]`.
pub fn op(features: Features, activation: Activation, width: usize, gate_and_up: &Rc<Buffer>, out: &Rc<Buffer>) -> Op {
    let shader = Builder::new("gated", features, THREADS)
        .flag("GELU", activation == Activation::GeluTanh)
        .include(ACTIVATION)
        .storage(&[Access::Read, Access::ReadWrite])
        .include(include_str!("gated.wgsl"))
        .finish();
    let params = Params { width: width as u32 };
    let workgroups = (width as u32).div_ceil(THREADS);
    Op::new(shader, &params, vec![gate_and_up.clone(), out.clone()], (workgroups, Extent::Tokens(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::gpu::kernels::testing::{activate, compare, each_gpu, random, run};
    use crate::decoder::gpu::step_uniforms::StepUniforms;

    #[test]
    fn the_gate_s_activation_times_up() {
        each_gpu(async |gpu| {
            // Less than a workgroup, and one element more than one.
            for (activation, width) in [(Activation::Silu, 5), (Activation::GeluTanh, 129)] {
                let tokens = 3;
                let mut values = random("gate and up", tokens * 2 * width);
                values.chunks_mut(width).step_by(2).flatten().for_each(|gate| *gate *= 12.0);
                // Their exponentials overflow f32.
                values[..3].copy_from_slice(&[1000.0, -1000.0, 0.0]);
                let input = gpu.storage_with("gate and up", &values).unwrap();
                let out = gpu.storage("out", (4 * tokens * width) as u64).unwrap();
                let op = op(gpu.features, activation, width, &input, &out);
                run(gpu, StepUniforms::new(7, tokens), vec![op]).await;
                let expected: Vec<f64> = values
                    .chunks(2 * width)
                    .flat_map(|row| {
                        let (gate, up) = row.split_at(width);
                        gate.iter().zip(up).map(|(gate, up)| activate(activation, f64::from(*gate)) * f64::from(*up))
                    })
                    .collect();
                // Products of up to 1,000, rounded twice to 24 bits. The others are below 12, and WGSL lets the
                // exponential of 12 be wrong by 27 units in the last place.
                let got: Vec<f32> = gpu.read(&out, expected.len()).await.unwrap();
                compare(&format!("{activation:?}, width {width}"), &got, &expected, 2e-4);
            }
        });
    }
}
