// Sums and maxima over runs of LANES threads, by shuffles within SUBGROUP threads (the smallest size that the device
// has) and through workgroup memory beyond. Every thread of the run gets the result. All threads of the workgroup have
// to call these together.
// Not valid alone: needs THREADS, LANES and SUBGROUP.
const WIDTH = min(SUBGROUP, LANES);
var<workgroup> scratch: array<vec4<f32>, THREADS>;

fn sum_lanes(value: f32, thread: u32) -> f32 {
    var total = value;
    for (var mask = WIDTH / 2; mask > 0; mask /= 2) {
        total += subgroupShuffleXor(total, mask);
    }
    if (WIDTH < LANES) {
        if (thread % WIDTH == 0) {
            scratch[thread / WIDTH].x = total;
        }
        workgroupBarrier();
        total = 0;
        let first = (thread - thread % LANES) / WIDTH;
        for (var i = 0u; i < LANES / WIDTH; i++) {
            total += scratch[first + i].x;
        }
        workgroupBarrier();
    }
    return total;
}

fn sum_lanes_4(value: vec4<f32>, thread: u32) -> vec4<f32> {
    var total = value;
    for (var mask = WIDTH / 2; mask > 0; mask /= 2) {
        total += subgroupShuffleXor(total, mask);
    }
    if (WIDTH < LANES) {
        if (thread % WIDTH == 0) {
            scratch[thread / WIDTH] = total;
        }
        workgroupBarrier();
        total = vec4<f32>();
        let first = (thread - thread % LANES) / WIDTH;
        for (var i = 0u; i < LANES / WIDTH; i++) {
            total += scratch[first + i];
        }
        workgroupBarrier();
    }
    return total;
}

fn max_lanes(value: f32, thread: u32) -> f32 {
    var largest = value;
    for (var mask = WIDTH / 2; mask > 0; mask /= 2) {
        largest = max(largest, subgroupShuffleXor(largest, mask));
    }
    if (WIDTH < LANES) {
        if (thread % WIDTH == 0) {
            scratch[thread / WIDTH].x = largest;
        }
        workgroupBarrier();
        let first = (thread - thread % LANES) / WIDTH;
        for (var i = 0u; i < LANES / WIDTH; i++) {
            largest = max(largest, scratch[first + i].x);
        }
        workgroupBarrier();
    }
    return largest;
}
