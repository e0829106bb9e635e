// Masks the logits of tokens that a guide does not allow next, as `Guide::mask` does on the CPU. The state after the
// token before is computed by every workgroup, and kept by the first for the next pass: nothing has to come back to the
// CPU.
// Not valid alone: needs THREADS, RING and `step_uniforms.wgsl`.

struct Params {
    vocab: u32,
}

struct State {
    node: u32,
    used: vec2<u32>, // bits of the names that have had a line, low word first
}

@group(0) @binding(1) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> guide: array<u32>; // as `Guide::to_words`
@group(0) @binding(3) var<storage, read> chosen: array<u32>; // ids by number of the token, modulo RING
@group(0) @binding(4) var<storage, read_write> states: array<u32>; // [2, 3]: that of the token before, and of this one
@group(0) @binding(5) var<storage, read_write> logits: array<f32>; // [vocab]

const line_start = 0u;
const after_name = 0xfffffffeu;
const text = 0xffffffffu;
const masked = -3e38;
const head = 6u; // words before the edges
const edge_words = 5u;

var<workgroup> now: State;

fn all_names() -> vec2<u32> {
    return vec2<u32>(guide[1], guide[2]);
}

// The index of the first word of the edge from `node` by `token`, or none.
fn edge_of(node: u32, token: u32) -> u32 {
    for (var i = 0u; i < guide[3]; i++) {
        let edge = head + edge_words * i;
        if (guide[edge] == node && guide[edge + 1] == token) {
            return edge;
        }
    }
    return none;
}

fn contains(begin: u32, count: u32, token: u32) -> bool {
    for (var i = begin; i < begin + count; i++) {
        if (guide[i] == token) {
            return true;
        }
    }
    return false;
}

fn is_end(token: u32) -> bool {
    return contains(head + edge_words * guide[3], guide[4], token);
}

fn is_break(token: u32) -> bool {
    return contains(head + edge_words * guide[3] + guide[4], guide[5], token);
}

fn next_state(state: State, token: u32) -> State {
    if (state.node == text || state.node == after_name) {
        return State(select(text, line_start, is_break(token)), state.used);
    }
    let edge = edge_of(state.node, token);
    if (edge == none) {
        return state; // an end
    }
    let to = guide[edge + 2];
    let names = vec2<u32>(guide[edge + 3], guide[edge + 4]);
    return State(to, select(state.used, state.used | names, to == after_name));
}

// Bits of the names that the next line may have.
fn next_names(state: State) -> vec2<u32> {
    let left = all_names() & ~state.used;
    if (guide[0] == 0) {
        return left;
    }
    // In the order given: the first of them.
    let low = left.x & (~left.x + 1);
    return vec2<u32>(low, select(left.y & (~left.y + 1), 0u, low != 0));
}

fn may_end(state: State) -> bool {
    let complete = guide[0] == 0 || all(state.used == all_names());
    return complete && (state.node == text || (state.node == line_start && any(state.used != vec2<u32>(0))));
}

fn allows(state: State, token: u32) -> bool {
    if (is_end(token)) {
        return may_end(state);
    }
    if (state.node == text) {
        return true;
    }
    if (state.node == after_name) {
        return !is_break(token);
    }
    let edge = edge_of(state.node, token);
    if (edge == none) {
        return false;
    }
    return any((vec2<u32>(guide[edge + 3], guide[edge + 4]) & next_names(state)) != vec2<u32>(0));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    if (thread == 0) {
        now = State(line_start, vec2<u32>(0));
        if (uniforms.generated > 0) {
            let last = uniforms.generated - 1;
            let at = 3 * (last % 2);
            let before = State(states[at], vec2<u32>(states[at + 1], states[at + 2]));
            now = next_state(before, chosen[last % RING]);
        }
        if (group.x == 0) {
            let at = 3 * (uniforms.generated % 2);
            states[at] = now.node;
            states[at + 1] = now.used.x;
            states[at + 2] = now.used.y;
        }
    }
    let state = workgroupUniformLoad(&now);
    let id = group.x * THREADS + thread;
    if (id < params.vocab && !allows(state, id)) {
        logits[id] = masked;
    }
}
