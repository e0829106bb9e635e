// Sums and maxima over runs of LANES threads, through workgroup memory. Every thread of the run gets the result.
// All threads of the workgroup have to call these together.
// Not valid alone: needs THREADS and LANES.
var<workgroup> scratch: array<vec4<f32>, THREADS>;

fn sum_lanes(value: f32, thread: u32) -> f32 {
    scratch[thread].x = value;
    for (var stride = LANES / 2; stride > 0; stride /= 2) {
        workgroupBarrier();
        if (thread % LANES < stride) {
            scratch[thread].x += scratch[thread + stride].x;
        }
    }
    workgroupBarrier();
    let total = scratch[thread - thread % LANES].x;
    workgroupBarrier();
    return total;
}

fn sum_lanes_4(value: vec4<f32>, thread: u32) -> vec4<f32> {
    scratch[thread] = value;
    for (var stride = LANES / 2; stride > 0; stride /= 2) {
        workgroupBarrier();
        if (thread % LANES < stride) {
            scratch[thread] += scratch[thread + stride];
        }
    }
    workgroupBarrier();
    let total = scratch[thread - thread % LANES];
    workgroupBarrier();
    return total;
}

fn max_lanes(value: f32, thread: u32) -> f32 {
    scratch[thread].x = value;
    for (var stride = LANES / 2; stride > 0; stride /= 2) {
        workgroupBarrier();
        if (thread % LANES < stride) {
            scratch[thread].x = max(scratch[thread].x, scratch[thread + stride].x);
        }
    }
    workgroupBarrier();
    let largest = scratch[thread - thread % LANES].x;
    workgroupBarrier();
    return largest;
}
