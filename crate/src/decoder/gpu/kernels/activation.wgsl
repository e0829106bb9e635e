// The gate's activation.
// Not valid alone: needs GELU.
fn activate(value: f32) -> f32 {
    var argument = value;
    if (GELU) {
        // GELU's tanh form is a sigmoid too: (1 + tanh u) / 2 = sigmoid(2u).
        argument = 1.595769 * (value + 0.044715 * value * value * value);
    }
    // Clamped: exp overflows to what the language leaves undefined.
    return value / (1 + exp(-clamp(argument, -80, 80)));
}
