//! Projections, baked or not, calibrations and LoraHub weights.
#![no_main]

use std::sync::LazyLock;

use gist::baked::bake;
use gist::learned::Summary;
use gist::merge;
use gist::method::Correction;
use gist::projection::{Projection, group_shapes};
use gist::spec::Spec;
use gist_fuzz::{accepted, adapter, check, seed, spec};
use libfuzzer_sys::fuzz_target;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

static SPEC: LazyLock<Spec> = LazyLock::new(spec);

/// A file of `method` with tensors of zeros.
fn zeros(method: &str, shapes: &[(String, Vec<usize>)]) -> Vec<u8> {
    let data: Vec<Vec<u8>> = shapes.iter().map(|(_, shape)| vec![0; 4 * shape.iter().product::<usize>()]).collect();
    let views = shapes.iter().zip(&data).map(|((key, shape), data)| {
        (key.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).expect("the lengths agree"))
    });
    safetensors::serialize(views, Some([("method".into(), method.into())].into())).expect("it can be written")
}

fn write_seeds() {
    let groups = group_shapes(&SPEC);
    let shapes: Vec<_> = groups
        .iter()
        .flat_map(|(k, d)| [(format!("{k}x{d}.P1"), vec![2, *d]), (format!("{k}x{d}.P2"), vec![*d, 2])])
        .collect();
    let file = zeros("projection", &shapes);
    seed("learned", "projection", &file);
    let projection = Projection::read("seed", &file, &SPEC).expect("its own file");
    let (one, two) = (adapter(&SPEC), adapter(&SPEC));
    seed("learned", "baked", &bake(&SPEC, "hash", &projection, [&one, &two]).expect("it can be baked"));
    let targets = gist::low_rank::Target::ALL.map(|target| (target.hf_name(), target.shape(&SPEC)));
    let shapes = targets.map(|(name, (d, _))| (format!("{name}.p"), vec![d]));
    seed("learned", "calibration", &zeros("calibration", &shapes));
    let shapes = targets.map(|(name, (d, k))| [(format!("{name}.Q1"), vec![2, k]), (format!("{name}.Q2"), vec![d, 2])]);
    seed("learned", "calibration-pp", &zeros("calibration-pp", shapes.as_flattened()));
    let weights =
        r#"{"method":"lorahub","weights":[0.5,0.2],"loss":1,"loss_of_base":2,"tried":3,"seed":4,"examples":[]}"#;
    seed("learned", "lorahub", weights.as_bytes());
}

fuzz_target!(init: write_seeds(), |data: &[u8]| {
    accepted(Summary::of(data));
    let Some(correction) = accepted(Correction::read("input", data, &SPEC)) else { return };
    let (one, two) = (adapter(&SPEC), adapter(&SPEC));
    let pairs = match &correction {
        Correction::Projection(projection) => merge::project(&SPEC, projection, [&one, &two]),
        Correction::Baked(baked) => Ok(baked.pairs()),
        Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => {
            merge::calibrate(calibration, [&one, &two])
        }
        Correction::LoraHub(found) => merge::lorahub(found, [&one, &two]),
    };
    if let Some(pairs) = accepted(pairs) {
        check(&pairs, &SPEC);
    }
});
