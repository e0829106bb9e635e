//! Parts that all Llama 3.2 models share: special tokens, chat format and the scaling of rotary frequencies.

use std::f64::consts::PI;

/// Number of special tokens; they come after all others.
pub(super) const SPECIALS: usize = 256;

/// Index among the special tokens, and text, of each that has a name of its own; the others are reserved.
const NAMED: [(usize, &str); 8] = [
    (BEGIN_OF_TEXT, "<|begin_of_text|>"),
    (1, "<|end_of_text|>"),
    (4, "<|finetune_right_pad_id|>"),
    (6, "<|start_header_id|>"),
    (7, "<|end_header_id|>"),
    (8, "<|eom_id|>"),
    (END_OF_TURN, "<|eot_id|>"),
    (10, "<|python_tag|>"),
];

/// Index, among the special tokens, of the token that begins every prompt.
pub(super) const BEGIN_OF_TEXT: usize = 0;

/// Index, among the special tokens, of the token that ends a turn.
pub(super) const END_OF_TURN: usize = 9;

/// Lists the special tokens in order.
pub(super) fn specials() -> impl Iterator<Item = String> {
    let mut reserved = 0..;
    (0..SPECIALS).map(move |at| match NAMED.iter().find(|(named, _)| *named == at) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("<|reserved_special_token_{}|>", reserved.next().unwrap_or_default()),
    })
}

/// Chat template that renders a conversation without tools as Llama 3.2 does.
pub(super) const CHAT_TEMPLATE: &str = r#"{%- set system = "" %}
{%- set turns = messages %}
{%- if messages[0].role == "system" %}
    {%- set system = messages[0].content | trim %}
    {%- set turns = messages[1:] %}
{%- endif %}
{{- bos_token + "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Cutting Knowledge Date: December 2023\nToday Date: " + (date_string | default("26 Jul 2024")) + "\n\n" }}
{{- system + "<|eot_id|>" }}
{%- for turn in turns %}
    {{- "<|start_header_id|>" + turn.role + "<|end_header_id|>\n\n" + (turn.content | trim) + "<|eot_id|>" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|start_header_id|>assistant<|end_header_id|>\n\n" }}
{%- endif %}
"#;

/// Returns the factors by which the rotary frequencies of a head are divided, so that a model trained on 8,192
/// positions reads 131,072: 1 for short waves, 32 for waves longer than 8,192 positions, and a ramp between the two.
pub(super) fn rope_factors(base: f32, head_dim: usize) -> Vec<f32> {
    const FACTOR: f64 = 32.0;
    const TRAINED: f64 = 8192.0;
    /// Waves that fit fewer times than this into the trained positions are stretched in part…
    const HIGH: f64 = 4.0;
    /// …and those that fit fewer times than this in full.
    const LOW: f64 = 1.0;
    let factor = |i: usize| {
        let wave = 2.0 * PI * f64::from(base).powf(2.0 * i as f64 / head_dim as f64);
        let short = ((TRAINED / wave - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
        (1.0 / ((1.0 - short) / FACTOR + short)) as f32
    };
    (0..head_dim / 2).map(factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_tokens_are_where_llama_has_them() {
        let all: Vec<String> = specials().collect();
        assert_eq!(all.len(), SPECIALS);
        assert_eq!(all[END_OF_TURN], "<|eot_id|>");
        for (at, reserved) in [(2, 0), (3, 1), (5, 2), (11, 3), (255, 247)] {
            assert_eq!(all[at], format!("<|reserved_special_token_{reserved}|>"));
        }
    }

    #[test]
    fn short_waves_stay_and_long_ones_are_stretched() {
        let factors = rope_factors(500_000.0, 64);
        assert_eq!(factors.len(), 32);
        // Waves of 2π · 500000^(i/32) positions: 1,696 at 14 is under 8192/4, 8,707 at 18 is over 8192.
        assert!(factors[..15].iter().all(|factor| *factor == 1.0), "{factors:?}");
        assert!(factors[18..].iter().all(|factor| *factor == 32.0), "{factors:?}");
        // By hand at 16: a wave of 4,442.9 fits 1.8438 times, so 1 / (0.71872 / 32 + 0.28128).
        assert!((factors[16] - 3.2924).abs() < 1e-3, "{factors:?}");
        assert!(factors.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}
