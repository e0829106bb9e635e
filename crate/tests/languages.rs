//! `gist summarize` on chats in different languages: the language is found out, told where it is a guess, and taken
//! from `--from` where that is given.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "common/program.rs"]
mod program;

use program::{Bench, gist, refuses};
use serde_json::Value;

const SPANISH: &str =
    "Ana: Hola, ¿a qué hora quedamos mañana para ir al mercado?\nLuis: A las nueve, pero no llegues tarde.";

/// Summarises `chat` without adapters, and returns the report and what was told on standard error.
fn summarize(chat: &str, more: &[&str]) -> (Value, String) {
    let bench = Bench::new();
    let model = bench.model("tiny-gemma3-f32");
    let chat = bench.write("chat.txt", chat.as_bytes());
    let fixed = [
        "summarize",
        chat.to_str().unwrap(),
        "--model",
        model.to_str().unwrap(),
        "--method",
        "zero-shot",
        "--max-tokens",
        "4",
        "--json",
    ];
    let output = gist(&[&fixed[..], more].concat(), b"");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    (serde_json::from_slice(&output.stdout).unwrap(), told)
}

#[test]
fn the_language_of_the_chat_is_found_out() {
    let (report, told) = summarize(SPANISH, &["--to", "en"]);
    assert_eq!((report["from"].as_str(), report["to"].as_str()), (Some("es"), Some("en")));
    assert_eq!(told, "");
}

#[test]
fn a_guess_is_told() {
    let (report, told) = summarize("Ana: ok", &["--to", "en"]);
    let names = [("en", "English"), ("es", "Spanish"), ("fr", "French"), ("de", "German")];
    let (_, name) = names.into_iter().find(|(code, _)| report["from"] == *code).unwrap();
    assert_eq!(told, format!("gist: the chat seems to be in {name}; if not, give its language with --from\n"));
}

#[test]
fn the_language_that_is_given_is_taken() {
    let (report, told) = summarize(SPANISH, &["--from", "fr", "--to", "fr"]);
    assert_eq!(report["from"], "fr");
    assert_eq!(told, "");
}

#[test]
fn an_unknown_language_is_refused() {
    let known = "language xx is not known; use one of en, es, fr, de";
    refuses(&["summarize", "-", "--to", "en", "--from", "xx"], SPANISH.as_bytes(), known);
    refuses(&["summarize", "-", "--to", "xx"], SPANISH.as_bytes(), known);
}
