// Candidates for the next token, ordered: the larger logit first, the lower id on ties.
// Not valid alone: needs THREADS and `step_uniforms.wgsl`.

struct Candidate {
    logit: f32,
    id: u32,
}

const no_candidate = Candidate(-3e38, none);

fn before(a: Candidate, b: Candidate) -> bool {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

var<workgroup> contest: array<Candidate, THREADS>;

// The first of all threads' candidates. All threads have to call this together.
fn first_of(mine: Candidate, thread: u32) -> Candidate {
    contest[thread] = mine;
    for (var stride = THREADS / 2; stride > 0; stride /= 2) {
        workgroupBarrier();
        if (thread < stride && before(contest[thread + stride], contest[thread])) {
            contest[thread] = contest[thread + stride];
        }
    }
    let first = workgroupUniformLoad(&contest[0]);
    workgroupBarrier();
    return first;
}
