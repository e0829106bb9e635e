//! Projections, baked or not, calibrations and LoraHub weights.
#![no_main]

use std::sync::LazyLock;

use gist::methods::baked::bake;
use gist::methods::correction::CorrectionInfo;
use gist::methods::merge;
use gist::methods::correction::Correction;
use gist::methods::projection::{Projection, group_shapes};
use gist::model::config::ModelConfig;
use gist_fuzz::{accepted, adapter, check, seed, config};
use libfuzzer_sys::fuzz_target;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

static CONFIG: LazyLock<ModelConfig> = LazyLock::new(config);

/// A file of `method` with tensors of zeros.
fn zeros(method: &str, shapes: &[(String, Vec<usize>)]) -> Vec<u8> {
    let data: Vec<Vec<u8>> = shapes.iter().map(|(_, shape)| vec![0; 4 * shape.iter().product::<usize>()]).collect();
    let views = shapes.iter().zip(&data).map(|((key, shape), data)| {
        (key.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).expect("the lengths agree"))
    });
    safetensors::serialize(views, Some([("method".into(), method.into())].into())).expect("it can be written")
}

fn write_seeds() {
    let groups = group_shapes(&CONFIG);
    let shapes: Vec<_> = groups
        .iter()
        .flat_map(|(k, d)| [(format!("{k}x{d}.P1"), vec![2, *d]), (format!("{k}x{d}.P2"), vec![*d, 2])])
        .collect();
    let file = zeros("projection", &shapes);
    seed("correction", "projection", &file);
    let projection = Projection::read("seed", &file, &CONFIG).expect("its own file");
    let (one, two) = (adapter(&CONFIG), adapter(&CONFIG));
    seed("correction", "baked", &bake(&CONFIG, "hash", &projection, [&one, &two]).expect("it can be baked"));
    let targets = gist::adapters::low_rank::Target::ALL.map(|target| (target.hf_name(), target.shape(&CONFIG)));
    let shapes = targets.map(|(name, (d, _))| (format!("{name}.p"), vec![d]));
    seed("correction", "calibration", &zeros("calibration", &shapes));
    let shapes = targets.map(|(name, (d, k))| [(format!("{name}.Q1"), vec![2, k]), (format!("{name}.Q2"), vec![d, 2])]);
    seed("correction", "calibration-pp", &zeros("calibration-pp", shapes.as_flattened()));
    let weights =
        r#"{"method":"lorahub","weights":[0.5,0.2],"loss":1,"loss_of_base":2,"tried":3,"seed":4,"examples":[]}"#;
    seed("correction", "lorahub", weights.as_bytes());
}

fuzz_target!(init: write_seeds(), |data: &[u8]| {
    accepted(CorrectionInfo::of(data));
    let Some(correction) = accepted(Correction::read("input", data, &CONFIG)) else { return };
    let (one, two) = (adapter(&CONFIG), adapter(&CONFIG));
    let pairs = match &correction {
        Correction::Projection(projection) => merge::project(&CONFIG, projection, [&one, &two]),
        Correction::Baked(baked) => Ok(baked.pairs()),
        Correction::Calibration(calibration) | Correction::CalibrationPlus(calibration) => {
            merge::calibrate(calibration, [&one, &two])
        }
        Correction::LoraHub(found) => merge::lorahub(found, [&one, &two]),
    };
    if let Some(pairs) = accepted(pairs) {
        check(&pairs, &CONFIG);
    }
});
