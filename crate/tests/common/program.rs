//! Running the program itself.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use gist::synth;

/// A folder with files for one test.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub fn model(&self, name: &str) -> PathBuf {
        let path = self.path(&format!("{name}.gguf"));
        synth::write(name, &mut std::fs::File::create(&path).unwrap()).unwrap();
        path
    }
}

/// Runs `gist` and returns its output.
pub fn gist(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gist"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Runs `gist` and checks that it refuses with one line that contains `message`.
pub fn refuses(arguments: &[&str], input: &[u8], message: &str) {
    let output = gist(arguments, input);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    assert!(text.contains(message), "{arguments:?} said {text:?}, not {message:?}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text:?}");
}
